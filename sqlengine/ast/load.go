package ast

// LoadData is LOAD DATA [LOCAL] INFILE.
type LoadData struct {
	At      Pos
	Local   bool
	Strict  bool // COPY: a row that does not fit, or whose key is taken, is an error as in INSERT
	File    string
	Replace bool
	Ignore  bool
	Table   *TableName
	Charset string // lower case; "" none was written
	Format  LoadFormat
	Skip    int        // IGNORE n LINES
	Fields  []LoadItem // none: every column of the table
	Set     []SetItem
}

// LoadFormat is how LOAD DATA finds lines and fields, defaults filled in.
type LoadFormat struct {
	FieldEnd   string // FIELDS TERMINATED BY
	Enclosed   string
	Optionally bool
	Escaped    string
	LineStart  string // LINES STARTING BY
	LineEnd    string
	Null       string // with HasNull: a field without quotes that is NULL; else \N is, and NULL where fields may have quotes
	HasNull    bool
}

// LoadItem is where a field goes: a column, or a user variable.
type LoadItem struct {
	At       Pos
	Name     string
	Variable bool
}

func (*LoadData) statement() {}
