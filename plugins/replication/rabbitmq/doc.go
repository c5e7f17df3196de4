// Package rabbitmq publishes the changes of a replication to an exchange or a queue of RabbitMQ, or of another broker of AMQP 0-9-1, as
// the target RABBITMQ:
//
//	CREATE REPLICATION events TO RABBITMQ 'amqps://user:password@mq.example.com/vhost' WITH (exchange = 'shop', queue = 'orders') (TABLE orders)
//
// # Messages
//
// Each record is a message, whose body is what replication.Message writes: persistent, unless persistent = false, of content type
// application/json, with Record.ID as its message id, the time of the commit, and the headers source (the database), resource (the destination) and operation.
//
// Its routing key is routing_key, where {table}, {operation} and {id} are those of the record; by default {table}.{operation}. Without an
// exchange messages go to the queue.
//
// # Exchanges and queues
//
// With declare, the exchange is declared as one of exchange_type, the queue as it is by default (neither exclusive nor deleted by itself), both durable unless
// durable = false, and the queue is bound to the exchange: on a topic exchange with routing_key, where # stands for each word with something to fill in;
// on a direct exchange with each key that there may be; on the others it gets everything. What was declared otherwise before is an error. Without
// declare all of that has to be there.
//
// # Delivery
//
// Delivery is at least once. A message counts as delivered when the broker has confirmed it. Messages are published and confirmed in the
// order of their records, on one channel, up to 500 at a time. With mandatory, one that no queue takes is rejected; without, it is lost, as
// AMQP has it. When Apply is called again with a batch after an error, only what was not confirmed is published, and what comes after
// that in the same row: it may arrive twice, but its last change arrives last. Consumers tell by the message id.
//
// A connection that is lost is made anew by the next Apply, which declares everything again. A broker that is out of memory or
// disk space takes nothing until the time of the replication's Apply is over.
package rabbitmq
