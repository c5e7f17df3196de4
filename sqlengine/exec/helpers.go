package exec

import (
	"context"
	"runtime"
	"sync"

	"github.com/s3sql/s3sql/storage/table"
)

// helpAfter is how many rows a scan reads before it is taken to go on to its end and gets helpers: about the rows of a part.
const helpAfter = 16 << 10

// helpers decode columns ahead of a scan, one on each processor. They touch nothing of the statement: its operators and
// expressions stay with one goroutine, so that answers do not depend on who was faster.
//
// Source: docs/decisions/0018-processors.md.
type helpers struct {
	stop context.CancelFunc
	done sync.WaitGroup
}

// help starts helpers of a scan; none of them when there is little for them to do.
func help(ctx context.Context, s *table.Scanner) *helpers {
	h := &helpers{}
	n, ahead := min(runtime.GOMAXPROCS(0), 16), s.Ahead()
	if ahead == nil || n == 1 {
		return h
	}
	ctx, h.stop = context.WithCancel(ctx)
	for range n {
		h.done.Add(1)
		go func() {
			defer h.done.Done()
			ahead.Run(ctx)
		}()
	}
	return h
}

// dismiss stops the helpers and waits for them: each may have a part to finish.
func (h *helpers) dismiss() {
	if h != nil && h.stop != nil {
		h.stop()
		h.done.Wait()
	}
}
