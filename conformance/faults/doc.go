// Package faults tests what a program that uses database/sql sees when the store fails, is wrong or is damaged.
package faults
