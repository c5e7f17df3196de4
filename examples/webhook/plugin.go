// Package webhook is a plugin that tells a web service of the rows that change: an example of what docs/plugins.md explains. A program that
// imports it can
//
//	INSTALL PLUGIN webhook WITH (url = 'https://example.com/hook', token = 'env:HOOK_TOKEN', tables = 'orders,users')
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/s3sql/s3sql/plugins"
)

func init() {
	plugins.Register("webhook", plugins.Definition{
		Version: "1.0",
		Options: []plugins.Option{
			{Name: "url", Required: true},
			{Name: "token", Type: plugins.Secret},
			{Name: "tables", Default: "*"},
			{Name: "events", Default: "insert,update,delete"},
			{Name: "timeout", Type: plugins.Duration, Default: "5s"},
			{Name: "enabled", Type: plugins.Bool, Default: "true"},
		},
		New: newPlugin,
	})
}

// plugin sends a POST for each commit that has changed rows of its tables.
type plugin struct {
	plugins.Base
	url, token string
	tables     []string
	events     []string
	enabled    bool
	client     *http.Client
	host       plugins.Host

	sent, failed atomic.Int64
	last         atomic.Pointer[string] // why the last POST failed
}

func newPlugin(o plugins.Options) (plugins.Plugin, error) {
	p := &plugin{url: o.Text("url"), token: o.Text("token"), tables: split(o.Text("tables")), events: split(o.Text("events")),
		enabled: o.Bool("enabled"), client: &http.Client{Timeout: o.Duration("timeout")}}
	for _, e := range p.events {
		if !slices.Contains([]string{"insert", "update", "delete"}, e) {
			return nil, fmt.Errorf("option events: %q is none of insert, update, delete", e)
		}
	}
	return p, nil
}

func split(list string) (out []string) {
	for _, s := range strings.Split(list, ",") {
		out = append(out, strings.ToLower(strings.TrimSpace(s)))
	}
	return out
}

// Setup asks to be told of commits, and shows how it goes in system.webhook.
func (p *plugin) Setup(_ context.Context, host plugins.Host) error {
	p.host = host
	if p.enabled {
		host.Commits(plugins.CommitHooks{After: p.notify}, p.tables...)
	}
	host.Table(plugins.Table{Name: "webhook",
		Columns: []plugins.Column{{Name: "url"}, {Name: "sent", Type: plugins.TypeInt}, {Name: "failed", Type: plugins.TypeInt}, {Name: "last_error"}},
		Rows: func(context.Context) ([][]any, error) {
			var last any
			if text := p.last.Load(); text != nil {
				last = *text
			}
			return [][]any{{p.url, p.sent.Load(), p.failed.Load(), last}}, nil
		}})
	return nil
}

// notification is the body of a POST.
type notification struct {
	Event     string         `json:"event"`
	Table     string         `json:"table"`
	Data      map[string]any `json:"data"` // the new row; of a delete, the old one
	Old       map[string]any `json:"old,omitempty"`
	Commit    uint64         `json:"commit"`
	User      string         `json:"user,omitempty"`
	Timestamp time.Time      `json:"timestamp"`
}

// notify is called after each commit, one at a time: commits that come meanwhile wait, up to 1,000 of them.
func (p *plugin) notify(c plugins.Commit) {
	for _, x := range c.Changes {
		if !slices.Contains(p.events, x.Operation) {
			continue
		}
		n := notification{Event: x.Operation, Table: x.Table, Data: x.New, Old: x.Old, Commit: c.Seq, User: c.User, Timestamp: time.Now().UTC()}
		if x.New == nil {
			n.Data, n.Old = x.Old, nil
		}
		if err := p.send(p.host.Context(), n); err != nil {
			text := err.Error()
			p.last.Store(&text)
			p.failed.Add(1)
			p.host.Logger().Warn("a notification was not taken", "table", x.Table, "error", err)
			continue
		}
		p.sent.Add(1)
	}
}

func (p *plugin) send(ctx context.Context, n notification) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20))
	if cerr := resp.Body.Close(); err == nil {
		err = cerr
	}
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("the service answered %s", resp.Status)
	}
	return err
}
