package metrics

import (
	"sync"

	"github.com/s3sql/s3sql/sqlengine/event"
)

// Callbacks are called with events of a database, one at a time; those that are nil are left out.
type Callbacks struct {
	OnSlowQuery func(event.SlowQuery)
	OnError     func(event.Failed)
	// OnThreshold is called when an ALERT begins and ceases to fire, and when a BUDGET is exceeded; then the alert has the budget's name,
	// and its metric is "budget".
	OnThreshold func(event.Alert)
}

// watchBuffer is how many events wait for callbacks.
const watchBuffer = 1000

// Watch calls callbacks with the events of hub, which driver.Connector.Events returns, in a goroutine of its own, until stop is called; stop
// waits for the last call. Callbacks that do not keep up lose events, and never hold up a statement.
func Watch(hub *event.Hub, c Callbacks) (stop func()) {
	sub := hub.Subscribe(watchBuffer)
	var done sync.WaitGroup
	done.Go(func() {
		for r := range sub.C() {
			c.call(r.Event)
		}
	})
	return func() {
		sub.Close()
		done.Wait()
	}
}

func (c *Callbacks) call(e event.Event) {
	switch e := e.(type) {
	case event.SlowQuery:
		if c.OnSlowQuery != nil {
			c.OnSlowQuery(e)
		}
	case event.Failed:
		if c.OnError != nil {
			c.OnError(e)
		}
	case event.Alert:
		if c.OnThreshold != nil {
			c.OnThreshold(e)
		}
	case event.BudgetExceeded:
		if c.OnThreshold != nil {
			c.OnThreshold(event.Alert{Name: e.Budget, Metric: "budget", Value: e.SpentUSD, Threshold: e.LimitUSD, Firing: true})
		}
	}
}
