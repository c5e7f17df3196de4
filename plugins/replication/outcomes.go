package replication

import "sync"

// Outcomes keeps what has become of the records of a batch, for a target that delivers them one by one. After an error, Apply is called with the
// same batch again, and sends those that are open only: what has arrived does not arrive twice, and what was refused is not refused again.
//
// The zero Outcomes has none. Delivered and Rejected may be called concurrently.
type Outcomes struct {
	mu struct {
		sync.Mutex
		records []*Record
		settled map[string]error // by ID; nil: it was delivered
	}
}

// Begin takes the records of an Apply, and returns the positions of those that are open. What is known of other records is forgotten.
func (o *Outcomes) Begin(records []*Record) (open []int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	known := map[string]error{}
	for i, r := range records {
		if err, ok := o.mu.settled[r.ID]; ok {
			known[r.ID] = err
		} else {
			open = append(open, i)
		}
	}
	o.mu.records, o.mu.settled = records, known
	return open
}

// Delivered notes that a record has arrived.
func (o *Outcomes) Delivered(i int) { o.settle(i, nil) }

// Rejected notes that a record cannot be delivered, and why.
func (o *Outcomes) Rejected(i int, why error) { o.settle(i, why) }

func (o *Outcomes) settle(i int, why error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mu.settled[o.mu.records[i].ID] = why
}

// End returns what Apply returns: err, if there is one, after which what is known is kept for the next Apply. Otherwise that is forgotten.
//
// Errors: err; a *Rejected.
func (o *Outcomes) End(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		return err
	}
	rejected := map[int]error{}
	for i, r := range o.mu.records {
		if why := o.mu.settled[r.ID]; why != nil {
			rejected[i] = why
		}
	}
	o.mu.records = nil
	clear(o.mu.settled)
	if len(rejected) == 0 {
		return nil
	}
	return &Rejected{Records: rejected}
}
