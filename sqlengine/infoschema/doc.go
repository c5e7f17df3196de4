// Package infoschema makes the rows of information_schema.
package infoschema
