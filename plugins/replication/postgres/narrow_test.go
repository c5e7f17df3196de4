package postgres

import "testing"

func TestNarrow(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		have, want string
		narrow     bool
	}{
		{"smallint", "integer", true}, {"bigint", "integer", false}, {"bigint", "numeric(20,0)", true}, {"integer", "integer", false},
		{"real", "double precision", true}, {"double precision", "real", false},
		{"character varying(10)", "character varying(20)", true}, {"character varying(20)", "character varying(10)", false},
		{"character(10)", "character varying(11)", true}, {"character varying(10)", "text", true}, {"text", "character varying(10)", false},
		{"numeric(10,2)", "numeric(10,3)", true}, {"numeric(10,2)", "numeric(11,2)", true}, {"numeric(12,4)", "numeric(10,2)", false},
		{"numeric(10,2)", "numeric", true}, {"numeric", "numeric(10,2)", false}, {"numeric(5,0)", "text", false},
		{"uuid", "character varying(36)", false}, {"boolean", "smallint", false}, {"numeric(5)", "character varying(9)", false},
	} {
		if got := narrow(tt.have, tt.want); got != tt.narrow {
			t.Errorf("%s for %s: %t", tt.have, tt.want, got)
		}
	}
}
