package ast

// CreateObject is CREATE [OR REPLACE] of what is neither table nor view: a cache, a budget, an audit, a secret.
type CreateObject struct {
	At          Pos
	Kind        string // upper case
	Name        string
	Replace     bool
	IfNotExists bool

	Tables  []*TableName // ON t1, t2
	All     bool         // ON ALL TABLES
	Except  []*TableName
	For     []string // FOR INSERT, UPDATE; upper case
	Metric  *Condition
	Text    *Option // AS …; its name is ""
	Options []Option

	Target  string             // of a REPLICATION: TO target, upper case
	Address *Option            // of it; its name is ""; nil none
	Items   []*ReplicationItem // of it
}

// ReplicationItem is TABLE name [INTO name] [FOR operations] [AS SELECT list [WHERE condition]] in CREATE REPLICATION, or ALL TABLES [EXCEPT …].
type ReplicationItem struct {
	At     Pos
	Table  *TableName // nil: ALL TABLES
	Except []*TableName
	Into   string   // "": the table's name
	For    []string // upper case; nil: all
	Select string   // text of the list; "" the columns as they are
	List   []SelectItem
	Where  string // text of the condition; "" none
	Cond   Expr
}

// Condition is ON METRIC name > value.
type Condition struct {
	Metric string // lower case
	Op     string // <, <=, >, >=
	Value  float64
}

// Secret is SECRET name as the value of an option.
type Secret struct {
	At   Pos
	Name string
}

// AlterObject is ALTER <kind> name.
type AlterObject struct {
	At      Pos
	Kind    string
	Name    string
	Action  string     // SET, PAUSE, RESUME; RETRY and RESYNC of a REPLICATION
	Table   *TableName // RESYNC TABLE; nil: all
	Options []Option
}

// DropObject is DROP <kind>.
type DropObject struct {
	At       Pos
	Kind     string
	Name     string
	IfExists bool
}

// FlushCache is FLUSH CACHE name [TABLE table].
type FlushCache struct {
	At    Pos
	Name  string
	Table *TableName
}

// WarmCache is WARM CACHE name AS query.
type WarmCache struct {
	At   Pos
	Name string
	Text string // the query
}

// ResetCosts is RESET COSTS.
type ResetCosts struct{ At Pos }

// CostOf is SHOW COST OF statement.
type CostOf struct {
	At   Pos
	Text string // the statement
}

// EstimateCost is ESTIMATE COST FOR n DAYS.
type EstimateCost struct {
	At   Pos
	Days int
}

// AuditAdmin is VERIFY AUDIT name, or PURGE AUDIT name BEFORE time.
type AuditAdmin struct {
	At     Pos
	Name   string
	Before Expr // nil: VERIFY
}

// RunObject is TEST REPLICATION name, or RUN REPLICATION name [UNTIL CAUGHT UP].
type RunObject struct {
	At    Pos
	Kind  string // REPLICATION
	Name  string
	Test  bool
	Until bool // CAUGHT UP
}

// InstallPlugin is INSTALL PLUGIN name [WITH (…)], or UNINSTALL PLUGIN name.
type InstallPlugin struct {
	At        Pos
	Name      string
	Uninstall bool
	Options   []Option
}

// Position returns where the name of the secret is used.
func (s *Secret) Position() Pos { return s.At }

func (*Secret) expr()             {}
func (*CreateObject) statement()  {}
func (*AlterObject) statement()   {}
func (*DropObject) statement()    {}
func (*FlushCache) statement()    {}
func (*WarmCache) statement()     {}
func (*ResetCosts) statement()    {}
func (*CostOf) statement()        {}
func (*EstimateCost) statement()  {}
func (*AuditAdmin) statement()    {}
func (*InstallPlugin) statement() {}
func (*RunObject) statement()     {}
