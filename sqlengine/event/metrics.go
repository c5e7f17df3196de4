package event

import "time"

// SlowQuery says that a statement took longer than the threshold of METRICS.
type SlowQuery struct {
	TableName string        `json:"-"`
	Statement string        `json:"statement"` // with ? in the place of constants
	Took      time.Duration `json:"took_ns"`
	Rows      int64         `json:"rows"`
	Requests  int64         `json:"requests"`
	USD       float64       `json:"cost_usd"`
}

// Type is "slow_query".
func (SlowQuery) Type() string { return "slow_query" }

// Table returns TableName.
func (e SlowQuery) Table() string { return e.TableName }

// Failed says that a statement failed.
type Failed struct {
	TableName string `json:"-"`
	Statement string `json:"statement"` // with ? in the place of constants
	Kind      string `json:"kind"`      // invalid, conflict, unavailable, …
	State     string `json:"sqlstate"`
	Message   string `json:"message"`
}

// Type is "error".
func (Failed) Type() string { return "error" }

// Table returns TableName.
func (e Failed) Table() string { return e.TableName }

// Alert says that an ALERT begins or ceases to fire.
type Alert struct {
	Name      string  `json:"name"`
	Metric    string  `json:"metric"`
	TableName string  `json:"-"` // that the alert is for; "" all
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	Firing    bool    `json:"firing"`
}

// Type is "alert".
func (Alert) Type() string { return "alert" }

// Table returns TableName.
func (e Alert) Table() string { return e.TableName }

// Committed says that a transaction of this process has been committed.
type Committed struct {
	Seq    uint64   `json:"seq"` // of the commit record
	Tables []string `json:"tables"`
}

// Type is "commit".
func (Committed) Type() string { return "commit" }

// Table returns the only table of the commit; "" of several.
func (e Committed) Table() string {
	if len(e.Tables) == 1 {
		return e.Tables[0]
	}
	return ""
}
