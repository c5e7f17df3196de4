// Package seal encrypts the values of ENCRYPTED columns before they leave the process.
package seal
