// Package units reads sizes as people write them.
package units
