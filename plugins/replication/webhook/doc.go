// Package webhook sends the changes of a replication to an HTTP server, as the target WEBHOOK:
//
//	CREATE REPLICATION hooks TO WEBHOOK 'https://example.com/hooks/{table}' WITH (secret = SECRET hook, headers = 'X-Team=a') (ALL TABLES)
//
// # Requests
//
// Each record is a request, made with method, whose body is what replication.Message writes; {table} and {operation} in the address are
// those of the record. With batch = true, records go together, in order, as a JSON array of up to max_size bytes, or one record, if that is
// longer. headers are sent along, and auth: 'Bearer …', or another scheme and what belongs to it, or 'user:password'.
//
// Requests are as Standard Webhooks has them (https://www.standardwebhooks.com): webhook-id is Record.ID, the same whenever the record is
// sent again; of an array, the ID of its first record, "+" and the number of records. webhook-timestamp is when it was sent, in seconds. With
// secret, webhook-signature is "v1," and the base 64 of HMAC-SHA256 over id.timestamp.body; a secret 'whsec_…' is in base 64.
//
// # Order
//
// Requests run concurrently, those of the same destination and row one after the other; arrays one after the other.
//
// # Answers
//
// 2xx is delivered. 408, 425, 429 and 5xx are tried again, after Retry-After, if the server says that. 401, 403, 404, 405, 407 and 410 stand until somebody
// mends what is wrong. Another 4xx refuses the record; of an array, both halves are sent again, until it is known which records it is about.
// Redirects by 307 and 308 on the same server are followed, others are errors.
//
// # Delivery
//
// Delivery is at least once. When Apply is called again with a batch after an error, only what was not delivered is sent; requests whose answer
// was lost are sent again, with the same webhook-id. Without https, headers, auth and rows can be read on the way; TEST REPLICATION says so.
//
// Each request may take request_timeout; the replication's own timeout bounds all requests of a batch together.
package webhook
