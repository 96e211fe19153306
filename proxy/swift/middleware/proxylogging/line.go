// SPDX-License-Identifier: Apache-2.0

package proxylogging

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"needletail/proxy/web"
)

// Outcome is the front's knowledge of an answered request.
type Outcome struct {
	Method, Proto, RemoteAddr, TransID string
	Status                             int
	BytesIn, BytesOut                  int64
	Start                              time.Time
	Duration                           time.Duration
	// Err is why the request or its answer broke, or the cause of an error
	// status.
	Err error
}

// Append appends the line and its end to dst.
func Append(dst []byte, o Outcome, notes []string, l *AccessLine) []byte {
	end := o.Start.Add(o.Duration)
	fields := [...]string{
		l.ClientIP, o.RemoteAddr, end.UTC().Format("02/Jan/2006/15/04/05"), o.Method, l.Path, o.Proto,
		strconv.Itoa(o.LoggedStatus()), l.Referer, l.UserAgent, l.AuthToken,
		number(o.BytesIn), number(o.BytesOut), l.ClientETag, o.TransID, "",
		strconv.FormatFloat(o.Duration.Seconds(), 'f', 4, 64), "", strings.Join(notes, ","),
		unixSeconds(o.Start), unixSeconds(end), l.PolicyIndex, "",
	}
	for i, f := range fields {
		if i > 0 {
			dst = append(dst, ' ')
		}
		dst = appendField(dst, f)
	}
	return append(dst, '\n')
}

// LoggedStatus returns the sent status, unless the answer did not arrive.
func (o *Outcome) LoggedStatus() int {
	var status *web.StatusError
	switch {
	case errors.As(o.Err, &status) && status.Status == 499:
		return 499
	case o.Err != nil && o.Status < 400:
		return 500
	}
	return o.Status
}

// number returns "" for 0, because Python takes 0 for empty.
func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// unixSeconds is t with nine digits of fraction.
func unixSeconds(t time.Time) string {
	fraction := strconv.Itoa(t.Nanosecond() + 1e9)
	return strconv.FormatInt(t.Unix(), 10) + "." + fraction[1:]
}

// appendField percent-encodes with Python's quote(safe=':/{}').
func appendField(dst []byte, s string) []byte {
	const hexUpper = "0123456789ABCDEF"
	if s == "" {
		return append(dst, '-')
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case 'a' <= c|0x20 && c|0x20 <= 'z', '0' <= c && c <= '9', strings.IndexByte("_.-~:/{}", c) >= 0:
			dst = append(dst, c)
		default:
			dst = append(dst, '%', hexUpper[c>>4], hexUpper[c&15])
		}
	}
	return dst
}
