package system

import (
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// Replication is a row of system.replications.
type Replication struct {
	Name, Target string
	Enabled      bool
	State        string
	Connected    bool
	Position     uint64 // the last commit that was delivered as a whole
	Known        bool   // Position and lags are known
	LagCommits   int64
	Lag          time.Duration
	Operations   int64
	Errors, Dead int64
	PerSecond    float64
	AvgLatency   time.Duration
	LastActivity time.Time
	LastError    string
	Process      string // that runs it; "" none
}

type replicationSource interface {
	Replications() ([]Replication, error)
}

// Replications is system.replications.
func Replications() *plan.VirtualTable {
	return &plan.VirtualTable{Schema: Schema, Name: "replications", Current: true, Columns: columnsOf("name", "s", "target", "s", "enabled", "i", "state", "s",
		"connected", "i", "position", "I", "lag_commits", "I", "lag_seconds", "F", "operations", "i", "errors", "i", "dead_letters", "i",
		"operations_per_second", "f", "avg_latency_ms", "f", "last_activity", "T", "last_error", "X", "process", "S"),
		Source: sourced(func(src replicationSource) (out [][]base.Value, err error) {
			list, err := src.Replications()
			for i := range list {
				out = append(out, list[i].row())
			}
			return out, err
		})}
}

func (r *Replication) row() []base.Value {
	var position, lag, seconds, last base.Value
	if r.Known {
		position, lag, seconds = base.NewInt(int64(r.Position)), base.NewInt(r.LagCommits), base.NewFloat(r.Lag.Seconds())
	}
	if !r.LastActivity.IsZero() {
		last = base.NewDateTime(r.LastActivity.UnixMicro())
	}
	return []base.Value{base.NewString(r.Name), base.NewString(r.Target), truth(r.Enabled), base.NewString(r.State), truth(r.Connected), position, lag, seconds,
		base.NewInt(r.Operations), base.NewInt(r.Errors), base.NewInt(r.Dead), base.NewFloat(r.PerSecond),
		base.NewFloat(float64(r.AvgLatency.Microseconds()) / 1000), last, textOrNull(r.LastError), textOrNull(r.Process)}
}

func truth(b bool) base.Value {
	if b {
		return base.NewInt(1)
	}
	return base.NewInt(0)
}
