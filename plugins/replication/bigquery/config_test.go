package bigquery

import (
	"strings"
	"testing"

	"github.com/s3sql/s3sql/plugins"
	"github.com/s3sql/s3sql/plugins/replication"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	b := newDouble(t)
	key, secret := serviceAccount(t, b)
	damaged := strings.Replace(key, "MII", "XXX", 1)
	for _, tt := range []struct {
		address, settings string
		want              string // of the error; "": none
	}{
		{"my-project.data_1", "", ""},
		{"example.com:my-project.data_1", "location=EU|mode=Mutable|log_table=my log|create_tables=off|streaming_buffer_retry=5s", ""},
		{"p.d", "endpoint=http://localhost:9050", ""},
		{"p.d", "credentials=" + key, ""},
		{"p.d", "credentials=" + key + "|endpoint=https://bigquery.europe-west3.rep.googleapis.com/bigquery/v2/", ""},
		{"p.d", "credentials=" + key + "|endpoint=http://[::1]:9050", ""},
		{"p.d", "credentials=" + key + "|endpoint=http://example.com", "https://"},
		{"p", "", "'project.dataset'"},
		{"My.d", "", "a project is named"},
		{"p.da-ta", "", "a dataset is named"},
		{"p." + strings.Repeat("d", 1025), "", "a dataset is named"},
		{"p.d", "log_table=a`b", "rename it with INTO"},
		{"p.d", "endpoint=ftp://example.com", "option endpoint"},
		{"p.d", "endpoint=http://user:pass@example.com", "option endpoint"},
		{"p.d", "credentials=" + secret, "not JSON"},
		{"p.d", `credentials={"type":"authorized_user","private_key":"` + "s3cret" + `"}`, "service_account"},
		{"p.d", `credentials={"type":"service_account","private_key":"s3cret"}`, "lacks client_email"},
		{"p.d", "credentials=" + damaged, "damaged"},
	} {
		var given []plugins.Setting
		for _, s := range strings.Split(tt.settings, "|") {
			if name, value, ok := strings.Cut(s, "="); ok {
				given = append(given, plugins.Setting{Name: name, Value: value})
			}
		}
		o, err := plugins.NewOptions("replication r", options, given)
		if err != nil {
			t.Fatal(err)
		}
		def, _ := replication.Lookup("BIGQUERY")
		c := replication.Config{Address: tt.address, Options: o}
		err = def.Validate(c)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %.60s: %v, want %q", tt.address, tt.settings, err, tt.want)
		}
		if err != nil && (strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), secret[60:90])) {
			t.Errorf("a secret is told: %v", err)
		}
		if _, opens := def.Open(t.Context(), c); (opens == nil) != (err == nil) {
			t.Errorf("%s: Open says %v", tt.address, opens)
		}
	}
}

func TestEndpoints(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                       "",
		"http://localhost:9050":  "http://localhost:9050/bigquery/v2/",
		"http://localhost:9050/": "http://localhost:9050/bigquery/v2/",
		"https://h/other":        "https://h/other/",
		"https://h/bigquery/v2/": "https://h/bigquery/v2/",
	} {
		if got, err := parseEndpoint(in, false); got != want || err != nil {
			t.Errorf("%s: %s, %v", in, got, err)
		}
	}
}
