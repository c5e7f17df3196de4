package expr

import (
	"strings"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/sqlengine/expr/convert"
)

var formatFunctions = []*function{
	{name: "FORMAT", min: 2, max: 3, build: buildFormat},
	{name: "FORMAT_BYTES", min: 1, max: 1, build: nullable(typed(base.Type{ID: base.TypeVarchar, Length: 11}, rows(true, func(r *row) error {
		r.setStr(formatBytes(r.float(0)))
		return nil
	}), typeDouble))},
	{name: "FORMAT_PICO_TIME", min: 1, max: 1, build: nullable(typed(base.Type{ID: base.TypeVarchar, Length: 11}, rows(true, func(r *row) error {
		r.setStr(formatPicoTime(r.float(0)))
		return nil
	}), typeDouble))},
}

// numberLocale is how a locale writes numbers.
type numberLocale struct {
	point, thousands string
	second           int // digits of the second and further groups
}

// locales are those whose numbers differ from en_US, by MySQL's names.
var locales = func() map[string]numberLocale {
	m := map[string]numberLocale{}
	for names, l := range map[string]numberLocale{
		"cs_CZ es_CR et_EE fi_FI lv_LV mk_MK ru_RU sk_SK sv_FI sv_SE": {",", " ", 3},
		"be_BY da_DK de_BE de_DE de_LU es_AR es_BO es_CL es_CO es_EC es_ES es_PY es_UY es_VE fo_FO hu_HU id_ID is_IS lt_LT mn_MN " +
			"nb_NO no_NO ro_RO ru_UA sq_AL tr_TR uk_UA vi_VN": {",", ".", 3},
		"bg_BG ca_ES de_AT el_GR eu_ES fr_BE fr_CA fr_CH fr_FR fr_LU gl_ES hr_HR it_IT nl_BE nl_NL pl_PL pt_BR pt_PT sl_SI": {",", "", 3},
		"ar_SA sr_RS":       {".", "", 3},
		"de_CH":             {".", "'", 3},
		"it_CH rm_CH":       {",", "'", 3},
		"en_IN ta_IN te_IN": {".", ",", 2},
		"ar_AE ar_BH ar_DZ ar_EG ar_IN ar_IQ ar_JO ar_KW ar_LB ar_LY ar_MA ar_OM ar_QA ar_SD ar_SY ar_TN ar_YE en_AU en_CA en_GB " +
			"en_NZ en_PH en_US en_ZA en_ZW es_DO es_GT es_HN es_MX es_NI es_PA es_PE es_PR es_SV es_US gu_IN he_IL hi_IN ja_JP ko_KR " +
			"ms_MY th_TH ur_PK zh_CN zh_HK zh_TW": {".", ",", 3},
	} {
		for name := range strings.FieldsSeq(names) {
			m[strings.ToLower(name)] = l
		}
	}
	return m
}()

// KnownLocale returns the name of a locale of MySQL as MySQL writes it; ok is false if it has none of the name.
func KnownLocale(name string) (canonical string, ok bool) {
	low := strings.ToLower(name)
	if _, ok := locales[low]; !ok {
		return "", false
	}
	language, country, _ := strings.Cut(low, "_")
	return language + "_" + strings.ToUpper(country), true
}

var enUS = numberLocale{".", ",", 3}

// buildFormat is FORMAT(x, decimals[, locale]): rounded, with a sign between thousands.
func buildFormat(c *call) error {
	c.number(0)
	kind := c.in[0].Type()
	c.in[1] = implicit(c.in[1], typeInt)
	if len(c.in) == 3 {
		c.in[2] = implicit(c.in[2], typeLongText)
	}
	c.typ = base.Type{ID: base.TypeVarchar, Length: 80}
	c.null = c.args[0].Nullable() || c.args[1].Nullable()
	c.eval = rows(false, func(r *row) error {
		if r.null(0) || r.null(1) {
			r.setNull()
			return nil
		}
		l := enUS
		if r.has(2) {
			name := "NULL"
			if !r.null(2) {
				name = r.str(2)
			}
			var ok bool
			if l, ok = locales[strings.ToLower(name)]; !ok {
				r.ctx.warn(errno.UnknownLocale, "Unknown locale: '%s'", name)
				l = enUS
			}
		}
		scale := uint8(max(min(r.int(1), maxScale), 0))
		v := r.value(0)
		if v.Class() == base.Float { // whose halves go to the even digit
			v = base.NewFloat(roundFloat(v.Float(), int(scale), false))
		}
		coef, from := convert.ToDecimal(v, kind, nil)
		coef, ok := base.Rescale(coef, from, scale)
		if !ok {
			return outOfRange("DECIMAL", r.c)
		}
		r.setStr(l.group(string(base.AppendDecimal(nil, coef, scale))))
		return nil
	})
	return nil
}

// group writes a number's text as the locale does.
func (l numberLocale) group(text string) string {
	sign := ""
	if text[0] == '-' {
		sign, text = "-", text[1:]
	}
	whole, frac, point := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= l.second {
		whole = whole[:i] + l.thousands + whole[i:]
	}
	if point {
		whole += l.point + frac
	}
	return sign + whole
}

// formatBytes scales a number of bytes: whole below a KiB, else two digits and a unit of 1024.
func formatBytes(v float64) string {
	names := [...]string{"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	abs, k := max(v, -v), 0
	for ; k < len(names)-1 && abs >= 1024; k++ {
		abs, v = abs/1024, v/1024
	}
	return scaled(v, k == 0, " "+names[k], 4)
}

// formatPicoTime scales picoseconds.
func formatPicoTime(v float64) string {
	abs := max(v, -v)
	for _, u := range []struct {
		pico float64
		name string
	}{{864e14, "d"}, {36e14, "h"}, {6e13, "min"}, {1e12, "s"}, {1e9, "ms"}, {1e6, "us"}, {1e3, "ns"}} {
		if abs >= u.pico {
			return scaled(v/u.pico, false, " "+u.name, 0)
		}
	}
	return scaled(v, true, " ps", 3)
}

// scaled prints v with two digits after the point, or none and at least width places; large ones with an exponent.
func scaled(v float64, whole bool, unit string, width int) string {
	text := ""
	switch {
	case whole:
		if text = string(convert.AppendFixed(nil, v, 0)); len(text) < width {
			text = strings.Repeat(" ", width-len(text)) + text
		}
	case max(v, -v) >= 100000:
		text = convert.Exponent(v, 2)
	default:
		text = string(convert.AppendFixed(nil, v, 2))
	}
	return text + unit
}
