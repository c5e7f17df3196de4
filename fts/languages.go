package fts

import (
	"maps"
	"slices"
	"strings"

	"github.com/blevesearch/bleve/v2/analysis"
	"github.com/blevesearch/bleve/v2/analysis/lang/ar"
	"github.com/blevesearch/bleve/v2/analysis/lang/bg"
	"github.com/blevesearch/bleve/v2/analysis/lang/ca"
	"github.com/blevesearch/bleve/v2/analysis/lang/cjk"
	"github.com/blevesearch/bleve/v2/analysis/lang/ckb"
	"github.com/blevesearch/bleve/v2/analysis/lang/cs"
	"github.com/blevesearch/bleve/v2/analysis/lang/da"
	"github.com/blevesearch/bleve/v2/analysis/lang/de"
	"github.com/blevesearch/bleve/v2/analysis/lang/el"
	"github.com/blevesearch/bleve/v2/analysis/lang/en"
	"github.com/blevesearch/bleve/v2/analysis/lang/es"
	"github.com/blevesearch/bleve/v2/analysis/lang/eu"
	"github.com/blevesearch/bleve/v2/analysis/lang/fa"
	"github.com/blevesearch/bleve/v2/analysis/lang/fi"
	"github.com/blevesearch/bleve/v2/analysis/lang/fr"
	"github.com/blevesearch/bleve/v2/analysis/lang/ga"
	"github.com/blevesearch/bleve/v2/analysis/lang/gl"
	"github.com/blevesearch/bleve/v2/analysis/lang/hi"
	"github.com/blevesearch/bleve/v2/analysis/lang/hr"
	"github.com/blevesearch/bleve/v2/analysis/lang/hu"
	"github.com/blevesearch/bleve/v2/analysis/lang/hy"
	"github.com/blevesearch/bleve/v2/analysis/lang/id"
	indic "github.com/blevesearch/bleve/v2/analysis/lang/in"
	"github.com/blevesearch/bleve/v2/analysis/lang/it"
	"github.com/blevesearch/bleve/v2/analysis/lang/nl"
	"github.com/blevesearch/bleve/v2/analysis/lang/no"
	"github.com/blevesearch/bleve/v2/analysis/lang/pt"
	"github.com/blevesearch/bleve/v2/analysis/lang/ro"
	"github.com/blevesearch/bleve/v2/analysis/lang/ru"
	"github.com/blevesearch/bleve/v2/analysis/lang/sv"
	"github.com/blevesearch/bleve/v2/analysis/lang/tr"
	"github.com/blevesearch/bleve/v2/registry"
)

// language names the filters of Bleve's registry that a language needs.
type language struct {
	before  []string // of small letters, in front of the stop words: articles that cling to words, marks that writers may leave out
	stop    string   // its stop words; "" none
	stemmer []string // "" none
	width   bool     // full-width and half-width letters are the same
	bigrams bool     // words are not set apart: pairs of letters stand for them
}

var languages = map[string]language{
	"none": {},
	"ar":   {before: []string{ar.NormalizeName}, stop: ar.StopName, stemmer: []string{ar.StemmerName}},
	"bg":   {stop: bg.StopName},
	"ca":   {before: []string{ca.ElisionName}, stop: ca.StopName},
	"cjk":  {width: true, bigrams: true},
	"ckb":  {before: []string{ckb.NormalizeName}, stop: ckb.StopName, stemmer: []string{ckb.StemmerName}},
	"cs":   {stop: cs.StopName},
	"da":   {stop: da.StopName, stemmer: []string{da.SnowballStemmerName}},
	"de":   {stop: de.StopName, stemmer: []string{de.SnowballStemmerName}},
	"el":   {stop: el.StopName},
	"en":   {before: []string{en.PossessiveName}, stop: en.StopName, stemmer: []string{en.SnowballStemmerName}},
	"es":   {stop: es.StopName, stemmer: []string{es.NormalizeName, es.LightStemmerName}},
	"eu":   {stop: eu.StopName},
	"fa":   {before: []string{ar.NormalizeName, fa.NormalizeName}, stop: fa.StopName},
	"fi":   {stop: fi.StopName, stemmer: []string{fi.SnowballStemmerName}},
	"fr":   {before: []string{fr.ElisionName}, stop: fr.StopName, stemmer: []string{fr.SnowballStemmerName}},
	"ga":   {before: []string{ga.ElisionName}, stop: ga.StopName},
	"gl":   {stop: gl.StopName},
	"hi":   {before: []string{indic.NormalizeName, hi.NormalizeName}, stop: hi.StopName, stemmer: []string{hi.StemmerName}},
	"hr":   {stop: hr.StopName, stemmer: []string{hr.StemmerName}},
	"hu":   {stop: hu.StopName, stemmer: []string{hu.SnowballStemmerName}},
	"hy":   {stop: hy.StopName},
	"id":   {stop: id.StopName},
	"it":   {before: []string{it.ElisionName}, stop: it.StopName, stemmer: []string{it.SnowballStemmerName}},
	"nl":   {stop: nl.StopName, stemmer: []string{nl.SnowballStemmerName}},
	"no":   {stop: no.StopName, stemmer: []string{no.SnowballStemmerName}},
	"pt":   {stop: pt.StopName, stemmer: []string{pt.LightStemmerName}},
	"ro":   {stop: ro.StopName, stemmer: []string{ro.SnowballStemmerName}},
	"ru":   {stop: ru.StopName, stemmer: []string{ru.SnowballStemmerName}},
	"sv":   {stop: sv.StopName, stemmer: []string{sv.SnowballStemmerName}},
	"tr":   {stop: tr.StopName, stemmer: []string{tr.SnowballStemmerName}},
}

// cjkLanguages are those whose texts the analyzer of cjk is for.
var cjkLanguages = []string{"zh", "ja", "ko"}

// languageOf returns the name of a language that a tag as en-US stands for; "" where there is none.
func languageOf(tag string) string {
	name, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	if slices.Contains(cjkLanguages, name) {
		return "cjk"
	}
	if _, ok := languages[name]; !ok {
		return ""
	}
	return name
}

// languageNames returns the names of all languages, in order.
func languageNames() []string { return slices.Sorted(maps.Keys(languages)) }

// tokenFilter returns a filter of the registry. The names are constants of the registry's own packages.
func tokenFilter(cache *registry.Cache, name string) analysis.TokenFilter {
	f, err := cache.TokenFilterNamed(name)
	if err != nil {
		panic("fts: no filter " + name + ": " + err.Error())
	}
	return f
}

// widthAndBigrams are the names of the filters for scripts without spaces.
var widthAndBigrams = []string{cjk.WidthName, cjk.BigramName}
