package sqlengine

import (
	"github.com/s3sql/s3sql/catalog"
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
	for _, o := range cat.Objects(flowKind.name) {
		saved, err := e.savedFlow(r.ctx, o.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, e.describeFlow(o, saved))
	}
	return out, nil
}

func (e *Engine) describeFlow(o *catalog.Object, saved flowSaved) system.Replication {
	x := system.Replication{Name: o.Name, Target: o.Flow.Target, Enabled: !o.Paused && flowEnabled(o), Process: saved.process}
	s, open, known := e.flows.look(o.ID)
	if !open {
		state, lastError := s.State, s.LastError
		s = saved.status
		s.LagCommits, s.Lag = max(int64(e.db.Head()-s.Seq), 0), 0
		if saved.at > s.Seq && s.LagCommits > 0 { // the commit that says so is not to be delivered
			s.LagCommits--
		}
		if s.LagCommits > 0 {
			s.Lag = max(e.now().Sub(saved.updated), 0)
		}
		s.Connected = s.Connected && saved.process != ""
		if known {
			s.State, s.LastError, s.Connected = state, lastError, false
		}
	}
	switch x.State = s.State; {
	case !x.Enabled:
		x.State = "paused"
	case x.State == "":
		x.State = "waiting"
	}
	x.Position, x.Known, x.LagCommits, x.Lag = s.Seq, s.Seq > 0, s.LagCommits, s.Lag
	x.Connected, x.Operations, x.Errors, x.Dead = s.Connected, s.Operations, s.Errors, s.Dead
	x.PerSecond, x.AvgLatency, x.LastActivity, x.LastError = s.PerSecond, s.AvgLatency, s.LastActivity, s.LastError
	return x
}
