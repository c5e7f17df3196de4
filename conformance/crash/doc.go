// Package crash kills processes in the middle of their work and asks whether the database agrees with what they were told.
package crash
