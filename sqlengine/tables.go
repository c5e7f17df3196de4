package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/sqlengine/infoschema"
	"github.com/s3sql/s3sql/sqlengine/plan"
	"github.com/s3sql/s3sql/sqlengine/system"
)

// systemTables returns the tables of the schema system.
func (s *Session) systemTables() []*plan.VirtualTable {
	stored := s.e.measure().object != nil
	return append([]*plan.VirtualTable{
		system.Costs(),
		system.CostTotals(),
		system.StatementCosts(),
		system.CostHistory(stored),
		system.PriceTable(),
		system.Secrets(),
		system.Plugins(),
		system.Replications(),
		system.CacheStats(),
		system.CacheEntries(),
		system.Commits(),
		system.Segments(),
		system.Storage(),
		system.FullTextIndexes(),
		system.FullTextTerms(),
		system.Events(s.e.cfg.Events.Recent),
	}, append(system.MetricTables(stored), append(s.e.pluginTables(), s.e.emptyTables()...)...)...)
}

// virtual is plan.Env.Virtual.
func (s *Session) virtual(schema, name string) *plan.VirtualTable {
	if strings.EqualFold(schema, infoschema.Schema) {
		return infoschema.Table(name)
	}
	if !strings.EqualFold(schema, system.Schema) {
		return nil
	}
	for _, t := range s.systemTables() {
		if strings.EqualFold(t.Name, name) {
			return t
		}
	}
	return nil
}
