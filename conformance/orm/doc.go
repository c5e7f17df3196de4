// Package orm holds the tests that run object-relational mappers against s3sql: their migrations, and what they send after.
package orm
