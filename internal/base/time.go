package base

// Units of the time classes, in microseconds.
const (
	Second = int64(1_000_000)
	Minute = 60 * Second
	Hour   = 60 * Minute
	Day    = 24 * Hour
)

// MaxTime is the largest TIME, 838:59:59; the smallest is its negative.
const MaxTime = 838*Hour + 59*Minute + 59*Second

// The range of DATE: 0000-01-01 to 9999-12-31. ZeroDate stands for 0000-00-00, which sorts below every date.
const (
	MinDate  = int64(-719528)
	MaxDate  = int64(2932896)
	ZeroDate = MinDate - 1
)

// DaysFromCivil returns the days from 1970-01-01 to a date of the proleptic Gregorian calendar. Months and days outside
// their range carry over.
func DaysFromCivil(y, m, d int) int64 {
	y += (m - 1) / 12
	if m = (m-1)%12 + 1; m < 1 {
		m += 12
		y--
	}
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(int64(y), 400)
	yoe := int64(y) - era*400
	doy := int64((153*(m-3)+2)/5 + d - 1)
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// CivilFromDays is the inverse of DaysFromCivil; ZeroDate gives 0, 0, 0.
func CivilFromDays(days int64) (y, m, d int) {
	if days == ZeroDate {
		return 0, 0, 0
	}
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	y, m, d = int(yoe+era*400), int(mp+3), int(doy-(153*mp+2)/5+1)
	if m > 12 {
		m -= 12
		y++
	}
	return y, m, d
}

// SplitDateTime returns the day and the microsecond of the day of a DATETIME.
func SplitDateTime(micros int64) (days, rest int64) {
	days = floorDiv(micros, Day)
	return days, micros - days*Day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// AppendDate appends days as YYYY-MM-DD.
func AppendDate(dst []byte, days int64) []byte {
	y, m, d := CivilFromDays(days)
	dst = appendPadded(dst, y, 4)
	dst = appendPadded(append(dst, '-'), m, 2)
	return appendPadded(append(dst, '-'), d, 2)
}

// AppendTime appends a TIME as [-]HH:MM:SS with frac digits (0–6) of a second; further digits are cut off.
func AppendTime(dst []byte, micros int64, frac uint8) []byte {
	if micros < 0 {
		dst, micros = append(dst, '-'), -micros
	}
	dst = appendPadded(dst, int(micros/Hour), 2)
	dst = appendPadded(append(dst, ':'), int(micros/Minute%60), 2)
	dst = appendPadded(append(dst, ':'), int(micros/Second%60), 2)
	if frac == 0 {
		return dst
	}
	dst = append(dst, '.')
	return appendPadded(dst, int(micros%Second), 6)[:len(dst)+int(min(frac, 6))]
}

// AppendDateTime appends a DATETIME as YYYY-MM-DD HH:MM:SS with frac digits (0–6) of a second.
func AppendDateTime(dst []byte, micros int64, frac uint8) []byte {
	days, rest := SplitDateTime(micros)
	return AppendTime(append(AppendDate(dst, days), ' '), rest, frac)
}

func appendPadded(dst []byte, v, width int) []byte {
	var buf [20]byte
	i := len(buf)
	for v > 0 || len(buf)-i < width {
		i--
		buf[i] = byte('0' + v%10)
		v /= 10
	}
	return append(dst, buf[i:]...)
}
