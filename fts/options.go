package fts

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
	"github.com/s3sql/s3sql/internal/suggest"
)

// Options are the settings of an index. NewOptions has the defaults.
type Options struct {
	Language      string
	MinWordLength int      // in characters
	StopWords     []string // nil: those of the language; empty: none
	Stemming      bool
	CaseSensitive bool
	Accents       bool               // letters with accents are other letters
	Fuzzy         int                // typing errors that a word of a query may have
	Weights       map[string]float64 // of columns in the score; 1 where there is none
	MaxResults    int                // rows that a search without LIMIT returns at most; 0 all
	HighlightFrom string             // what HIGHLIGHT puts before and behind words
	HighlightTo   string
	Positions     bool // where words stand is kept, which phrases need
	BatchSize     int  // rows between two reports of progress while the index is built, in hundreds of rows
}

// Bounds of options.
const (
	minWordMax = 84 // of InnoDB's innodb_ft_min_token_size: 16; ft_max_token_size: 84
	fuzzyMax   = 2
	stopMax    = 10000
)

// NewOptions returns the defaults.
func NewOptions() Options {
	return Options{Language: "en", MinWordLength: 3, HighlightFrom: "<mark>", HighlightTo: "</mark>", Positions: true, BatchSize: 100}
}

// optionNames are those that Set knows.
var optionNames = []string{"accent_sensitive", "batch_size", "case_sensitive", "fuzzy", "highlight", "language", "max_results",
	"min_word_length", "positions", "stemming", "stop_words", "weights"}

// Set changes an option. columns are those of the index.
// Errors: WrongArguments, which names the option, what is wrong with its value and what is right.
func (o *Options) Set(name, value string, columns []string) (err error) {
	switch strings.ToLower(name) {
	case "language":
		if o.Language = languageOf(value); o.Language == "" {
			return wrong(name, value, "known languages are "+strings.Join(languageNames(), ", "))
		}
	case "min_word_length":
		o.MinWordLength, err = number(name, value, 1, minWordMax)
	case "stop_words":
		o.StopWords, err = stopWords(name, value)
	case "stemming":
		o.Stemming, err = boolean(name, value)
	case "case_sensitive":
		o.CaseSensitive, err = boolean(name, value)
	case "accent_sensitive":
		o.Accents, err = boolean(name, value)
	case "positions":
		o.Positions, err = boolean(name, value)
	case "fuzzy":
		o.Fuzzy, err = fuzziness(name, value)
	case "weights":
		o.Weights, err = weights(name, value, columns)
	case "max_results":
		o.MaxResults, err = number(name, value, 0, 1<<31-1)
	case "batch_size":
		o.BatchSize, err = number(name, value, 1, 1<<20)
	case "highlight":
		from, to, ok := strings.Cut(value, ",")
		if !ok {
			return wrong(name, value, "write what comes before and behind a word, with a comma in between: '<mark>,</mark>'")
		}
		o.HighlightFrom, o.HighlightTo = from, to
	default:
		hint := ""
		if s := suggest.Nearest(name, optionNames); s != "" {
			hint = fmt.Sprintf("; did you mean %s?", s)
		}
		return base.Errorf(errno.WrongArguments, "a full-text index has no option %s; the options are %s%s", name, strings.Join(optionNames, ", "), hint)
	}
	return err
}

func wrong(name, value, want string) error {
	return base.Errorf(errno.WrongArguments, "option %s of a full-text index: '%.64s' is not a value for it; %s", name, value, want)
}

func number(name, value string, lo, hi int) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < lo || n > hi {
		return 0, wrong(name, value, fmt.Sprintf("it is a number from %d to %d", lo, hi))
	}
	return n, nil
}

func boolean(name, value string) (bool, error) {
	switch strings.ToLower(value) {
	case "1", "true", "on", "yes":
		return true, nil
	case "0", "false", "off", "no":
		return false, nil
	}
	return false, wrong(name, value, "it is true or false")
}

// fuzziness reads a number of typing errors; true stands for one.
func fuzziness(name, value string) (int, error) {
	switch strings.ToLower(value) {
	case "true", "on":
		return 1, nil
	case "false", "off":
		return 0, nil
	}
	return number(name, value, 0, fuzzyMax)
}

func stopWords(name, value string) ([]string, error) {
	switch strings.ToLower(value) {
	case "default":
		return nil, nil
	case "none", "":
		return []string{}, nil
	}
	words := strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	if len(words) > stopMax || !utf8.ValidString(value) {
		return nil, wrong(name, value, fmt.Sprintf("it is 'default', 'none', or at most %d words with commas in between", stopMax))
	}
	slices.Sort(words)
	return slices.Compact(words), nil
}

// weights reads column:weight pairs.
func weights(name, value string, columns []string) (map[string]float64, error) {
	out := map[string]float64{}
	for pair := range strings.SplitSeq(value, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		col, w, ok := strings.Cut(pair, ":")
		f, err := strconv.ParseFloat(strings.TrimSpace(w), 64)
		if !ok || err != nil || !(f > 0) || f > 1000 {
			return nil, wrong(name, value, "write column:weight pairs with commas in between, each weight above 0 and at most 1000: 'title:3,content:1'")
		}
		i := slices.IndexFunc(columns, func(c string) bool { return strings.EqualFold(c, strings.TrimSpace(col)) })
		if i < 0 {
			return nil, wrong(name, value, fmt.Sprintf("%s is not a column of the index; its columns are %s", strings.TrimSpace(col), strings.Join(columns, ", ")))
		}
		out[columns[i]] = f
	}
	return out, nil
}
