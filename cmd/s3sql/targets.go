package main

// What replications of the shell, and of s3sql serve, can lead to.
import (
	_ "github.com/s3sql/s3sql/plugins/replication/bigquery"
	_ "github.com/s3sql/s3sql/plugins/replication/postgres"
	_ "github.com/s3sql/s3sql/plugins/replication/rabbitmq"
	_ "github.com/s3sql/s3sql/plugins/replication/s3sql"
	_ "github.com/s3sql/s3sql/plugins/replication/sqs"
	_ "github.com/s3sql/s3sql/plugins/replication/webhook"
)
