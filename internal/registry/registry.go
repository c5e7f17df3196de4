// Package registry keeps what packages make known by their init functions, under names.
package registry

import (
	"maps"
	"slices"
	"sync"
)

// Registry is a set of things by name. The zero Registry is empty. It is safe for concurrent use.
type Registry[T any] struct {
	mu sync.RWMutex
	m  map[string]T
}

// Add makes a thing known. A name that is known, or "", is an error of the program and panics; what names the kind of thing in the message.
func (r *Registry[T]) Add(what, name string, v T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.m[name]; known || name == "" {
		panic(what + " " + name + " is registered twice, or has no name")
	}
	if r.m == nil {
		r.m = map[string]T{}
	}
	r.m[name] = v
}

// Lookup returns the thing of a name.
func (r *Registry[T]) Lookup(name string) (T, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	v, ok := r.m[name]
	return v, ok
}

// Names returns the names that are known, sorted.
func (r *Registry[T]) Names() []string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.Sorted(maps.Keys(r.m))
}
