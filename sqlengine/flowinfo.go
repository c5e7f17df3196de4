package sqlengine

import (
	"encoding/json"

	"github.com/s3sql/s3sql/sqlengine/system"
)

// Replications describes the replications of the database, for system.replications: those that this process runs as they are now, the others as
// they were when their process said so last.
func (r *infoSource) Replications() (out []system.Replication, err error) {
	cat, err := r.Catalog()
	if err != nil {
		return nil, err
	}
	e := r.s.e
	head := e.db.Head()
	for _, o := range cat.Objects(flowKind.name) {
		x := system.Replication{Name: o.Name, Target: o.Flow.Target, Enabled: !o.Paused && flowEnabled(o)}
		saved, err := e.savedFlow(r.ctx, o.ID)
		if err != nil {
			return nil, err
		}
		s, mine := e.flows.status(o.ID)
		if !mine || s.Operations == 0 && s.State == "failed" {
			state, lastError := s.State, s.LastError
			s = saved.status
			if mine {
				s.State, s.LastError = state, lastError
			}
		}
		x.State, x.Connected, x.Operations, x.Errors, x.Dead = s.State, s.Connected && (mine || saved.process != ""), s.Operations, s.Errors, s.Dead
		x.PerSecond, x.AvgLatency, x.LastActivity, x.LastError, x.Process = s.PerSecond, s.AvgLatency, s.LastActivity, s.LastError, saved.process
		switch {
		case !x.Enabled:
			x.State = "paused"
		case x.State == "":
			x.State = "waiting"
		}
		if mine && s.State != "failed" {
			x.Position, x.Known = head-uint64(min(s.LagCommits, int64(head))), true
			x.LagCommits, x.Lag = s.LagCommits, s.Lag
		} else if saved.there {
			var pos flowPosition
			if json.Unmarshal([]byte(saved.position), &pos) == nil {
				x.Position, x.Known = pos.Seq, true
			} else if saved.status.LagCommits >= 0 { // a target keeps it
				x.Position = 0
			}
			if x.Known {
				x.LagCommits = int64(head - min(x.Position, head))
				x.Lag = max(e.now().Sub(saved.updated), 0)
				if x.LagCommits == 0 {
					x.Lag = 0
				}
			}
		}
		out = append(out, x)
	}
	return out, nil
}
