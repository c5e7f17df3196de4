package base

import (
	"crypto/rand"
	"time"
)

// Clock is where every layer takes the time from, so that tests and simulations can own it.
type Clock interface {
	Now() time.Time
	// Sleep waits for d or until done is closed, and reports whether the whole of d has passed.
	Sleep(d time.Duration, done <-chan struct{}) bool
}

// Rand is where every layer takes randomness from: ids, jitter, salts.
type Rand interface {
	// Read fills p; it never fails.
	Read(p []byte)
}

// SystemClock is the machine's clock.
type SystemClock struct{}

// Now returns the current time.
func (SystemClock) Now() time.Time { return time.Now() }

// Sleep waits on a timer.
func (SystemClock) Sleep(d time.Duration, done <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-done:
		return false
	}
}

// SystemRand is the operating system's source.
type SystemRand struct{}

// Read fills p from crypto/rand, which aborts the program rather than fail.
func (SystemRand) Read(p []byte) { _, _ = rand.Read(p) }
