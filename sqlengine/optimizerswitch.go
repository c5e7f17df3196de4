package sqlengine

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// defaultSwitches is optimizer_switch of MySQL 8.0. Its flags choose among MySQL's own ways to run a statement and have no effect on
// the planner here, but for use_invisible_indexes.
const defaultSwitches = "index_merge=on,index_merge_union=on,index_merge_sort_union=on,index_merge_intersection=on," +
	"engine_condition_pushdown=on,index_condition_pushdown=on,mrr=on,mrr_cost_based=on,block_nested_loop=on,batched_key_access=off," +
	"materialization=on,semijoin=on,loosescan=on,firstmatch=on,duplicateweedout=on,subquery_materialization_cost_based=on," +
	"use_index_extensions=on,condition_fanout_filter=on,derived_merge=on,use_invisible_indexes=off,skip_scan=on,hash_join=on," +
	"subquery_to_derived=off,prefer_ordering_index=on,hypergraph_optimizer=off,derived_condition_pushdown=on,hash_set_operations=on"

// mergeSwitches returns the flags of now as a list of flag=on|off|default changes them; the word default alone sets all others back.
func mergeSwitches(now, list string) (string, error) {
	all, ok := withSwitches(now, list)
	if !ok {
		return "", base.Errorf(errno.WrongValueForVar, "Variable 'optimizer_switch' can't be set to the value of '%s'", list)
	}
	return all, nil
}

func withSwitches(now, list string) (string, bool) {
	flags := strings.Split(now, ",")
	standard := strings.Split(defaultSwitches, ",")
	if list == "" {
		return now, true
	}
	seen := map[string]bool{}
	for _, item := range strings.Split(strings.ToLower(list), ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(item), "=")
		if name == "default" && !ok {
			if seen[name] {
				return "", false
			}
			seen[name] = true
			for i := range flags {
				if flag, _, _ := strings.Cut(flags[i], "="); !seen[flag] {
					flags[i] = standard[i]
				}
			}
			continue
		}
		at := -1
		for i, s := range standard {
			if flag, _, _ := strings.Cut(s, "="); flag == strings.TrimSpace(name) {
				at, name = i, flag
			}
		}
		if at < 0 || seen[name] {
			return "", false
		}
		seen[name] = true
		switch strings.TrimSpace(value) {
		case "on", "off":
			flags[at] = name + "=" + strings.TrimSpace(value)
		case "default":
			flags[at] = standard[at]
		default:
			return "", false
		}
	}
	return strings.Join(flags, ","), true
}

func applySwitches(r *run, text string) error {
	r.s.keep("optimizer_switch", text)
	r.s.settings.invisible = useInvisible(text)
	return nil
}

func useInvisible(switches string) bool {
	return strings.Contains(switches, "use_invisible_indexes=on")
}
