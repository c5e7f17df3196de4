package postgres_test

import (
	"strings"
	"testing"

	"github.com/s3sql/s3sql/plugins/replication"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	def, _ := replication.Lookup("POSTGRES")
	const secret = "s3cretword"
	for _, tt := range []struct {
		address  string
		settings []string
		want     string
	}{
		{"postgres://u:" + secret + "@h/db", nil, ""},
		{"postgresql://u:" + secret + "%40x@h1:1,h2:2/db?sslmode=require", nil, ""},
		{"host=h user=u password='" + secret + " x' dbname=db", []string{"ssl_mode=verify-full"}, ""},
		{"postgres://u:" + secret + "@h/db?connect_timeout=3", []string{"ssl_mode=DISABLE", "pool_max=3", "pool_min=3", "idle_timeout=5s"}, ""},
		{"", nil, "is empty"},
		{secret, nil, "neither a URL"},
		{"mysql://u:" + secret + "@h/db", nil, "neither a URL"},
		{"postgres://u:p@" + secret + "@h/db", nil, "%40"},
		{"postgres://u:p/" + secret + "@h/db", nil, "%2F"},
		{"postgres://u:1?" + secret + "@h/db", nil, "%3F"},
		{"postgres://u:" + secret + "/db", nil, "invalid port"},
		{"postgres://u:" + secret + "@h:port/db", nil, "invalid port"},
		{"postgres://u:" + secret + "%zz@h/db", nil, "not valid"},
		{"host=h password='" + secret, nil, "not valid"},
		{"postgres://u:" + secret + "@h/db?sslmode=often", nil, "sslmode"},
		{"postgres://u:" + secret + "@h/db?sslmode=require", []string{"ssl_mode=require"}, "give one of them"},
		{"host=h password=" + secret + " sslmode = require", []string{"ssl_mode=require"}, "give one of them"},
		{"postgres://u:" + secret + "@h/db?sslrootcert=/no/such/file&sslmode=verify-ca", nil, "TLS"},
		{"postgres://u:" + secret + "@h/db", []string{"schema="}, "schema is empty"},
		{"postgres://u:" + secret + "@h/db", []string{"schema=" + strings.Repeat("x", 64)}, "64 bytes"},
		{"postgres://u:" + secret + "@h/db", []string{"log_table=s3sql_positions"}, "choose another"},
		{"postgres://u:" + secret + "@h/db", []string{"pool_min=11"}, "more than pool_max"},
	} {
		c := config(t, tt.address, tt.settings...)
		err := def.Validate(c)
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s %v: got %v, want %q", tt.address, tt.settings, err, tt.want)
		case err != nil && strings.Contains(err.Error(), secret):
			t.Errorf("%s: the error shows the password: %v", tt.address, err)
		}
		if _, openErr := def.Open(t.Context(), c); tt.want != "" && !replication.IsPermanent(openErr) {
			t.Errorf("%s: opened: %v", tt.address, openErr)
		}
	}
}
