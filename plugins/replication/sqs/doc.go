// Package sqs sends the changes of a replication to queues of Amazon SQS, as the target SQS:
//
//	CREATE REPLICATION events TO SQS 'https://sqs.eu-west-1.amazonaws.com/123456789012/events.fifo' (ALL TABLES);
//	CREATE REPLICATION events TO SQS WITH (queues = 'users=https://…/users,orders=https://…/orders', default_queue_url = 'https://…/others') (ALL TABLES)
//
// # Messages
//
// Each record is a message, whose body is what replication.Message writes, with the attributes source (the database, unless message_attributes
// says otherwise), resource (the destination), operation, and those of message_attributes. It goes to the queue that queues names for
// its destination, else to default_queue_url or the address, which are the same. A message of more than 262,144 bytes, attributes
// and all, is rejected.
//
// # Order
//
// A queue whose name ends in .fifo keeps the order of the messages of a group. The group is message_group_id or, without it, one for each
// row: destination and RecordID, of which a hash stands for what SQS does not take. As SQS may take one message of a request and not
// an earlier one, a request has one message of a group only: with message_group_id, one in all, which takes ten times as long.
//
// Other queues have no order: what reads them has to compare metadata.commit with what it knows of the row.
//
// # Delivery
//
// Delivery is at least once. When Apply is called again with a batch after an error, only what was not delivered is sent. A message whose
// answer was lost is sent again; with deduplication a FIFO queue drops it within five minutes, by Record.ID, else by its body, if the queue has
// ContentBasedDeduplication.
//
// # Requests
//
// A request has up to ten messages and 262,144 bytes; queues are written to concurrently, eight at a time, each by one request after the other.
// Requests are made once: the replication repeats them. credentials are 'KEY:SECRET' or 'KEY:SECRET:TOKEN'; without them, those of the
// environment, of the AWS configuration or of the machine are used. They need sqs:SendMessage on the queues, TEST REPLICATION also
// sqs:GetQueueAttributes, and queues with a key of their own kms:GenerateDataKey and kms:Decrypt. The region is that of the queue's address if it
// has one and region is not given.
package sqs
