package ast

// Prepare is PREPARE name FROM text; exactly one of Text and Var is set.
type Prepare struct {
	At   Pos
	Name string
	Text *string
	Var  *Variable
}

// Execute is EXECUTE name [USING @a, …].
type Execute struct {
	At    Pos
	Name  string
	Using []*Variable
}

// Deallocate is DEALLOCATE PREPARE name, or DROP PREPARE name.
type Deallocate struct {
	At   Pos
	Name string
}

// SelectInto is SELECT … INTO @a, ….
type SelectInto struct {
	At    Pos
	Query Query
	Vars  []*Variable
}

func (*Prepare) statement()    {}
func (*Execute) statement()    {}
func (*Deallocate) statement() {}
func (*SelectInto) statement() {}
