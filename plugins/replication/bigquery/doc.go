// Package bigquery delivers the changes of a replication to tables of Google BigQuery, as the target BIGQUERY:
//
//	CREATE REPLICATION warehouse TO BIGQUERY 'project.dataset' WITH (credentials = SECRET gcp, mode = 'mutable') (ALL TABLES)
//
// # Modes
//
// mode says what becomes of a change.
//
//   - append, the default: each change is appended as a row of its own, deletes too, with the values of the row that is gone. Beside the
//     columns of the destination a row has _operation ('insert', 'update' or 'delete'), _commit_seq, _commit_time and _change_id.
//   - immutable: each change is a new version of its row, with _operation, _version (the number of the commit, which grows from version
//     to version of a row), _is_deleted, _commit_time, _replicated_at and _change_id. The rows as they are now:
//     SELECT * FROM t QUALIFY ROW_NUMBER() OVER (PARTITION BY id ORDER BY _version DESC, _is_deleted) = 1, without those that are deleted.
//   - mutable: the table is what the source is. The changes of a batch, the last of each row, are merged by one MERGE per destination,
//     which a transaction of BigQuery makes visible as a whole. Destinations without a key only get inserts, which are streamed.
//
// # Delivery
//
// Delivery is at least once. A MERGE that is repeated changes nothing. Streamed rows carry Record.ID as their insertId, by which BigQuery
// drops repetitions for about a minute; those after it have the same _change_id. Rows that were streamed into a table cannot be changed
// for half an hour or more, and BigQuery says so to a MERGE: it is repeated after streaming_buffer_retry. In mutable mode that is met only
// where something else streams into the table, as MERGE itself does not pass through that buffer.
//
// A resync begins a table of mutable mode anew with TRUNCATE TABLE, unless another source of the replication goes to it as well. In the
// other modes what has been appended stays, and the rows are appended again.
//
// # Tables
//
// With create_tables the dataset and tables are made, clustered by the first four columns of the key, with columns that all may be NULL, and
// missing columns are added; nothing is ever taken away. Without, what is missing is an error. Types: INT64; NUMERIC for BIGINT UNSIGNED
// and BIT(64); NUMERIC, BIGNUMERIC or, where both are too small, STRING for DECIMAL; FLOAT64; STRING; BYTES; DATE; DATETIME; TIMESTAMP;
// JSON; STRING for TIME, which goes to 838 hours. A column that is there already may have any type that takes the values unchanged, such as
// TIME, which refuses those that are no time of day. log_table names a table that gets a row for each record that was delivered.
//
// # Requests
//
// A request of streaming holds up to 500 rows and 9 MB, one MERGE up to 8 MB of values. Requests are made once: what BigQuery asks to repeat
// is repeated by the replication. A service account needs the roles BigQuery Data Editor, on the dataset or, to make it, the project, and,
// for mutable mode, BigQuery Job User on the project. endpoint leads to an emulator, without authentication unless there are credentials.
package bigquery
