package sqlengine

import (
	"sync"

	"github.com/s3sql/s3sql/catalog"
	"github.com/s3sql/s3sql/sqlengine/plan"
)

// maxRules bounds the tables whose rules are kept; beyond, the cache starts afresh.
const maxRules = 1024

// rulesCache keeps the bound generated columns and CHECK constraints of tables, by descriptor: descriptors never change.
type rulesCache struct {
	mu struct {
		sync.Mutex
		m map[*catalog.Table]*plan.Rules
	}
}

// tableRules returns the rules of a table.
func (e *Engine) tableRules(t *catalog.Table) (*plan.Rules, error) {
	c := &e.rules
	c.mu.Lock()
	r := c.mu.m[t]
	c.mu.Unlock()
	if r != nil {
		return r, nil
	}
	r, err := plan.TableRules(plan.Env{Database: e.cfg.Database, ParseExpr: e.parseExpr, Readable: e.readable}, t)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mu.m == nil || len(c.mu.m) >= maxRules {
		c.mu.m = make(map[*catalog.Table]*plan.Rules)
	}
	c.mu.m[t] = r
	return r, nil
}
