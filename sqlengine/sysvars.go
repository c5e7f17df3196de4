package sqlengine

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr"
	"github.com/s3sql/s3sql/sqlengine/system"
	"github.com/s3sql/s3sql/storage/table"
)

// The names, types, scopes, defaults and ranges are those of the MySQL 8.0 manual, "Server System Variables".

// effectiveVars are the variables that change how statements run.
func effectiveVars() []sysVar {
	return []sysVar{
		{name: "autocommit", kind: varBool, initial: "ON", get: func(s *Session) string { return onOffText(s.settings.autocommit) },
			apply: applyAutocommit},
		{name: "sql_mode", initial: defaultSQLMode, get: func(s *Session) string { return s.settings.sqlMode }, check: checkSQLMode,
			apply: func(r *run, text string) error { r.s.settings.setMode(text); return nil }},
		{name: "transaction_isolation", kind: varEnum, initial: "REPEATABLE-READ", choices: isolationLevels,
			get: isolationText, apply: applyIsolation},
		{name: "transaction_read_only", kind: varBool, initial: "OFF",
			get:   func(s *Session) string { return onOffText(s.settings.readOnly) },
			apply: func(r *run, text string) error { r.s.settings.readOnly = text == "ON"; return nil }},
		{name: "time_zone", initial: "+00:00", check: checkTimeZone},
		{name: "s3sql_user", scope: sessionScope, get: func(s *Session) string { return s.settings.user },
			apply: func(r *run, text string) error { r.s.settings.user = text; return nil }},
		{name: "s3sql_metadata", scope: sessionScope, check: checkMetadata},
		{name: "timestamp", kind: varFloat, scope: sessionScope, initial: "0", get: timestampText, apply: applyTimestamp},
		{name: "last_insert_id", kind: varInt, scope: sessionScope, max: 1<<64 - 1,
			get:   func(s *Session) string { return strconv.FormatUint(s.lastInsertID, 10) },
			apply: applyLastInsertID},
		{name: "max_execution_time", kind: varInt, initial: "0", max: 1<<32 - 1},
		{name: "group_concat_max_len", kind: varInt, initial: "1024", min: 4, max: 1<<64 - 1},
		{name: "cte_max_recursion_depth", kind: varInt, initial: "1000", max: 1<<32 - 1},
		{name: "foreign_key_checks", kind: varBool, initial: "ON"},
		{name: "optimizer_switch", initial: defaultSwitches, merge: mergeSwitches,
			apply: applySwitches},
		{name: "retention", scope: globalScope, initial: base.FormatDays(table.DefaultRetention),
			get: func(s *Session) string { return base.FormatDays(s.e.db.Retention()) }, effect: setRetention},
		costProfile,
		{name: "block_encryption_mode", kind: varEnum, initial: "aes-128-ecb", choices: blockModes()},
	}
}

var isolationLevels = []string{"READ-UNCOMMITTED", "READ-COMMITTED", "REPEATABLE-READ", "SERIALIZABLE"}

// costProfile is the variable that says which prices are in force.
var costProfile = sysVar{name: "cost_profile", kind: varEnum, initial: system.DefaultProfile, choices: priceProfiles()}

func priceProfiles() (out []string) {
	for _, p := range system.Profiles() {
		out = append(out, p.Profile)
	}
	return out
}

func blockModes() (out []string) {
	for _, mode := range []string{"ecb", "cbc", "cfb1", "cfb8", "cfb128", "ofb"} {
		for _, bits := range []string{"128", "192", "256"} {
			out = append(out, "aes-"+bits+"-"+mode)
		}
	}
	return out
}

// setRetention sets how long garbage stays in the store.
func setRetention(e *Engine, text string) error {
	d, ok := base.ParseDays(text)
	if !ok {
		return base.Errorf(errno.WrongValueForVar, "Variable 'retention' can't be set to the value of '%.40s': it is a duration such as '1h' or '7d'", text)
	}
	e.db.SetRetention(d)
	return nil
}

// checkMetadata checks what audit records are to have beside what is done.
func checkMetadata(text string) (string, error) {
	doc := map[string]any{}
	if text == "" || json.Unmarshal([]byte(text), &doc) == nil {
		return text, nil
	}
	return "", base.Errorf(errno.WrongValueForVar, "Variable 's3sql_metadata' can't be set to the value of '%.40s': it is a JSON object", text)
}

func onOffText(on bool) string {
	if on {
		return "ON"
	}
	return "OFF"
}

func applyAutocommit(r *run, text string) error {
	on := text == "ON"
	if on && !r.s.settings.autocommit {
		if err := r.commitTx(); err != nil {
			return err
		}
	}
	r.s.settings.autocommit = on
	return nil
}

func isolationText(s *Session) string {
	if s.settings.isolation == "SERIALIZABLE" {
		return "SERIALIZABLE"
	}
	if level, ok := s.settings.other["transaction_isolation"]; ok && level != "SERIALIZABLE" {
		return level // what was asked for; all of them run as snapshot isolation
	}
	return "REPEATABLE-READ"
}

func applyIsolation(r *run, text string) error {
	r.s.settings.isolation = "SNAPSHOT"
	if text == "SERIALIZABLE" {
		r.s.settings.isolation = text
	}
	r.s.keep("transaction_isolation", text)
	return nil
}

func checkTimeZone(text string) (string, error) {
	switch {
	case text == "+00:00", strings.EqualFold(text, "SYSTEM"), strings.EqualFold(text, "UTC"):
		return text, nil
	}
	return "", base.Errorf(errno.NotSupported, "time_zone '%s' is not supported: a session's time zone is UTC; the DSN's loc converts time.Time values", text)
}

func timestampText(s *Session) string {
	at := s.settings.timestamp
	if at.IsZero() {
		at = s.e.now()
	}
	return strconv.FormatFloat(float64(at.UnixMicro())/1e6, 'f', 6, 64)
}

// applyTimestamp fixes what NOW() answers; 0 and DEFAULT set it free.
func applyTimestamp(r *run, text string) error {
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f < 0 || f > 1<<31-1 {
		return base.Errorf(errno.WrongValueForVar, "Variable 'timestamp' can't be set to the value of '%s'", text)
	}
	r.s.settings.timestamp = time.Time{}
	if f > 0 {
		r.s.settings.timestamp = time.UnixMicro(int64(f * 1e6)).UTC()
	}
	return nil
}

func applyLastInsertID(r *run, text string) error {
	n, err := strconv.ParseUint(text, 10, 64)
	r.s.lastInsertID = n
	return err
}

// acceptedVars are the variables that clients set as a matter of course and that have no effect, because what they ask for is
// always so or has no meaning without a server.
func acceptedVars() []sysVar {
	vars := []sysVar{
		{name: "character_set_client", check: checkCharset, initial: "utf8mb4"},
		{name: "character_set_connection", check: checkCharset, initial: "utf8mb4"},
		{name: "character_set_results", check: checkCharsetOrNull, initial: "utf8mb4"},
		{name: "character_set_server", check: checkCharset, initial: "utf8mb4"},
		{name: "character_set_database", get: charsetDatabase, check: checkCharset, initial: "utf8mb4"},
		{name: "character_set_filesystem", check: checkCharset, initial: "binary"},
		{name: "collation_connection", check: checkCollation, initial: "utf8mb4_0900_bin"},
		{name: "collation_server", check: checkCollation, initial: "utf8mb4_0900_bin"},
		{name: "collation_database", get: collationDatabase, check: checkCollation, initial: "utf8mb4_0900_bin"},
		{name: "default_collation_for_utf8mb4", check: checkCollation, initial: "utf8mb4_0900_bin"},
		{name: "sql_select_limit", kind: varInt, initial: "18446744073709551615", max: 1<<64 - 1},
		{name: "completion_type", kind: varEnum, initial: "NO_CHAIN", choices: []string{"NO_CHAIN", "CHAIN", "RELEASE"}, check: onlyNoChain},
		{name: "default_storage_engine", initial: "InnoDB"},
		{name: "default_tmp_storage_engine", initial: "InnoDB"},
		{name: "lc_time_names", initial: "en_US", check: checkLocale},
		{name: "lc_messages", initial: "en_US", check: checkLocale},
		{name: "sql_log_bin", kind: varBool, scope: sessionScope, initial: "OFF"},
		{name: "max_allowed_packet", kind: varInt, scope: globalScope, initial: "67108864", min: 1024, max: 1 << 30},
		{name: "long_query_time", kind: varFloat, initial: "10.000000"},
		{name: "default_week_format", kind: varInt, initial: "0", max: 7},
		{name: "log_output", initial: "FILE", scope: globalScope},
		{name: "session_track_system_variables", initial: "time_zone,autocommit,character_set_client,character_set_results,character_set_connection"},
		{name: "session_track_transaction_info", kind: varEnum, initial: "OFF", choices: []string{"OFF", "STATE", "CHARACTERISTICS"}},
		{name: "pseudo_thread_id", kind: varInt, scope: sessionScope, initial: "0", max: 1<<32 - 1},
		{name: "use_secondary_engine", kind: varEnum, scope: sessionScope, initial: "ON", choices: []string{"OFF", "ON", "FORCED"}},
		{name: "binlog_format", kind: varEnum, initial: "ROW", choices: []string{"MIXED", "STATEMENT", "ROW"}},
		{name: "binlog_row_image", kind: varEnum, initial: "FULL", choices: []string{"MINIMAL", "FULL", "NOBLOB"}},
	}
	for name, initial := range map[string]string{"unique_checks": "ON", "sql_notes": "ON", "sql_safe_updates": "OFF", "sql_warnings": "OFF",
		"sql_big_selects": "ON", "sql_buffer_result": "OFF", "sql_auto_is_null": "OFF", "sql_quote_show_create": "ON",
		"explicit_defaults_for_timestamp": "ON", "innodb_strict_mode": "ON", "innodb_table_locks": "ON",
		"low_priority_updates": "OFF", "old_alter_table": "OFF", "updatable_views_with_limit": "ON", "session_track_schema": "ON",
		"session_track_state_change": "OFF", "big_tables": "OFF", "end_markers_in_json": "OFF", "show_create_table_verbosity": "OFF",
		"show_old_temporals": "OFF", "sql_generate_invisible_primary_key": "OFF", "sql_require_primary_key": "OFF",
		"windowing_use_high_precision": "ON", "print_identified_with_as_hex": "OFF", "require_row_format": "OFF",
		"default_table_encryption": "OFF", "transaction_allow_batching": "OFF"} {
		vars = append(vars, sysVar{name: name, kind: varBool, initial: initial})
	}
	for name, initial := range map[string]string{"net_write_timeout": "60", "net_read_timeout": "30", "wait_timeout": "28800",
		"interactive_timeout": "28800", "lock_wait_timeout": "31536000", "innodb_lock_wait_timeout": "50", "net_retry_count": "10",
		"net_buffer_length": "16384", "information_schema_stats_expiry": "86400", "sort_buffer_size": "262144",
		"join_buffer_size": "262144", "read_buffer_size": "131072", "read_rnd_buffer_size": "262144", "tmp_table_size": "16777216",
		"max_heap_table_size": "16777216", "bulk_insert_buffer_size": "8388608", "max_error_count": "1024",
		"max_join_size": "18446744073709551615", "max_seeks_for_key": "18446744073709551615", "max_sort_length": "1024",
		"max_sp_recursion_depth": "0", "max_length_for_sort_data": "4096", "max_points_in_geometry": "65536", "min_examined_row_limit": "0",
		"optimizer_prune_level": "1", "optimizer_search_depth": "62", "optimizer_trace_max_mem_size": "1048576",
		"range_optimizer_max_mem_size": "8388608", "eq_range_index_dive_limit": "200",
		"div_precision_increment": "4", "myisam_sort_buffer_size": "8388608", "preload_buffer_size": "32768",
		"query_alloc_block_size": "8192", "query_prealloc_size": "8192", "transaction_alloc_block_size": "8192",
		"transaction_prealloc_size": "4096", "thread_pool_high_priority_connection": "0", "parser_max_mem_size": "18446744073709551615",
		"select_into_buffer_size": "131072", "select_into_disk_sync_delay": "0", "set_operations_buffer_size": "262144"} {
		vars = append(vars, sysVar{name: name, kind: varInt, initial: initial, max: 1<<64 - 1})
	}
	return vars
}

func onlyNoChain(text string) (string, error) {
	if text != "NO_CHAIN" {
		return "", base.Errorf(errno.NotSupported, "completion_type %s is not supported: write COMMIT AND CHAIN", text)
	}
	return text, nil
}

func checkCharset(text string) (string, error) {
	if !knownCharset(text) {
		return "", base.Errorf(errno.UnknownCharset, "Unknown character set: '%s'", text)
	}
	return strings.ToLower(text), nil
}

func checkCharsetOrNull(text string) (string, error) {
	if text == "NULL" { // results are not converted, which is so in any case
		return "", nil
	}
	return checkCharset(text)
}

func checkLocale(text string) (string, error) {
	name, ok := expr.KnownLocale(text)
	if !ok {
		return "", base.Errorf(errno.UnknownLocale, "Unknown locale: '%s'", text)
	}
	return name, nil
}

func checkCollation(text string) (string, error) {
	if !expr.KnownCollation(text) {
		return "", base.Errorf(errno.UnknownCollation, "Unknown collation: '%s'", text)
	}
	return strings.ToLower(text), nil
}

// serverVars are facts that cannot be set.
func serverVars() []sysVar {
	text := map[string]string{"version": Version, "version_comment": "s3sql", "version_compile_os": "Go", "version_compile_machine": "any",
		"version_compile_zlib": "", "system_time_zone": "UTC", "license": "Apache-2.0", "hostname": "s3sql", "innodb_version": "8.0.36",
		"have_ssl": "DISABLED", "have_openssl": "DISABLED", "have_query_cache": "NO", "have_profiling": "NO", "have_compress": "NO",
		"have_geometry": "NO", "have_rtree_keys": "NO", "have_dynamic_loading": "NO", "have_symlink": "DISABLED",
		"have_statement_timeout": "YES", "character_set_system": "utf8mb3", "character_sets_dir": "", "datadir": "", "basedir": "",
		"tmpdir": "", "socket": "", "pid_file": "", "plugin_dir": "", "secure_file_priv": "", "server_uuid": "", "init_connect": "",
		"default_authentication_plugin": "", "authentication_policy": "", "tls_version": "", "ssl_cipher": "", "gtid_mode": "OFF",
		"gtid_purged": "", "gtid_executed": "", "enforce_gtid_consistency": "OFF", "query_cache_type": "OFF", "event_scheduler": "DISABLED"}
	ints := map[string]string{"lower_case_table_names": "2", "protocol_version": "10", "port": "0", "max_connections": "0",
		"auto_increment_increment": "1", "auto_increment_offset": "1", "query_cache_size": "0", "server_id": "0",
		"innodb_flush_log_at_trx_commit": "1", "innodb_page_size": "16384", "sync_binlog": "1",
		"default_password_lifetime": "0", "connect_timeout": "10", "innodb_autoinc_lock_mode": "2", "thread_cache_size": "0",
		"innodb_buffer_pool_size": "0", "max_user_connections": "0", "max_prepared_stmt_count": "16382", "open_files_limit": "0",
		"ft_min_word_len": "4", "ft_max_word_len": "84", "innodb_ft_min_token_size": "3", "ngram_token_size": "2"}
	bools := map[string]string{"performance_schema": "OFF", "lower_case_file_system": "OFF", "local_infile": "OFF", "log_bin": "OFF",
		"general_log": "OFF", "slow_query_log": "OFF", "skip_networking": "ON", "skip_name_resolve": "ON", "large_files_support": "ON",
		"innodb_file_per_table": "OFF", "require_secure_transport": "OFF", "super_read_only": "OFF", "offline_mode": "OFF",
		"innodb_read_only": "OFF", "log_bin_trust_function_creators": "OFF", "log_slave_updates": "OFF",
		"partial_revokes": "OFF", "activate_all_roles_on_login": "OFF", "automatic_sp_privileges": "OFF"}
	var out []sysVar
	add := func(kind varKind, facts map[string]string) {
		for name, value := range facts {
			out = append(out, sysVar{name: name, kind: kind, scope: globalScope, initial: value, fixed: true})
		}
	}
	add(varText, text)
	add(varInt, ints)
	add(varBool, bools)
	return out
}

// computedVars are facts of the session and the process that cannot be set.
func computedVars() []sysVar {
	process := func(name string, kind varKind, get func(s *Session) string) sysVar {
		return sysVar{name: name, kind: kind, scope: globalScope, fixed: true, get: get}
	}
	session := func(name string, kind varKind, get func(s *Session) string) sysVar {
		return sysVar{name: name, kind: kind, scope: sessionScope, fixed: true, get: get}
	}
	return []sysVar{
		process("consistency", varText, func(s *Session) string { return s.e.cfg.Consistency }),
		process("max_staleness", varText, func(s *Session) string { return s.e.cfg.MaxStaleness.String() }),
		process("memory_limit", varInt, func(s *Session) string { return strconv.FormatInt(s.e.cfg.MemoryLimit, 10) }),
		process("read_only", varBool, func(s *Session) string { return onOffText(s.e.cfg.ReadOnly) }),
		session("warning_count", varInt, func(s *Session) string { return strconv.Itoa(s.counts.warnings) }),
		session("error_count", varInt, func(s *Session) string { return strconv.Itoa(s.counts.errors) }),
	}
}
