package plan

// SharedQuery is a query that runs once in an execution, however often its rows are read.
type SharedQuery struct {
	Name string
	Plan Node
}

// Shared reads the rows of a SharedQuery.
type Shared struct {
	Of  *SharedQuery
	Out []Column
}

// Recursive yields the rows of Seed, and then again and again those that Parts make of the rows of the step before, which they
// read as Work, until a step makes none. Values are assigned to the columns as INSERT does.
type Recursive struct {
	Name     string
	Work     *WorkTable
	Seed     Node
	Parts    []Node
	Distinct bool // a row that was yielded already is dropped
	Out      []Column
}

// WorkTable reads the rows of a Recursive's last step. One node is the table and all its readers.
type WorkTable struct {
	Name string
	Out  []Column
}

// Schema returns the columns the node yields.
func (n *Shared) Schema() []Column    { return n.Out }
func (n *Recursive) Schema() []Column { return n.Out }
func (n *WorkTable) Schema() []Column { return n.Out }

// Children returns the inputs.
func (n *Shared) Children() []Node    { return []Node{n.Of.Plan} }
func (n *Recursive) Children() []Node { return append([]Node{n.Seed}, n.Parts...) }
func (n *WorkTable) Children() []Node { return nil }
