package event

import (
	"fmt"
	"sync"
	"testing"

	"github.com/s3sql/s3sql/internal/base"
)

func TestHub(t *testing.T) {
	t.Parallel()
	h := NewHub(base.SystemClock{})
	h.Publish(Searched{Query: "before"})
	s, slow := h.Subscribe(3000), h.Subscribe(2)
	for i := range 2500 {
		h.Publish(Searched{TableName: "t", Query: fmt.Sprint(i)})
	}
	if len(s.C()) != 2500 || s.Lost() != 0 || len(slow.C()) != 2 || slow.Lost() != 2498 {
		t.Errorf("%d events, %d lost; the slow one %d, %d", len(s.C()), s.Lost(), len(slow.C()), slow.Lost())
	}
	recent := h.Recent()
	if len(recent) != recentMax || recent[0].Event.(Searched).Query != "1500" || recent[999].Event.(Searched).Query != "2499" {
		t.Errorf("%d recent ones, from %v to %v", len(recent), recent[0], recent[len(recent)-1])
	}
	slow.Close()
	slow.Close()
	n := 0
	for range slow.C() {
		n++
	}
	h.Publish(Indexed{})
	if n != 2 {
		t.Errorf("%d events after Close", n)
	}
	var none *Hub
	none.Publish(Indexed{})
	if none.Recent() != nil {
		t.Error("a nil hub remembers")
	}
}

func TestHubIsConcurrent(t *testing.T) {
	t.Parallel()
	h := NewHub(base.SystemClock{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 200 {
				s := h.Subscribe(1)
				h.Publish(Indexed{TableName: "t"})
				h.Recent()
				s.Close()
			}
		})
	}
	all.Wait()
}
