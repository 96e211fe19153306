// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
)

// A disk that is full is told in words, not in a template.
func TestStatusPagesAreFilledIn(t *testing.T) {
	for status, page := range statusPages {
		if strings.Contains(page.text, "%") {
			t.Errorf("the page of %d has a placeholder: %s", status, page.text)
		}
	}
}

// An error with further lines has the answer and the causes that it had before.
func TestWithHeader(t *testing.T) {
	missing := &objstore.Error{Op: "head", Kind: objstore.KindNotFound}
	refused := &StatusError{Status: 401, Body: "no", ContentType: "text/plain", Header: Header{{Name: "A", Value: "1"}}, Err: missing}
	busy := &objstore.Error{Kind: objstore.KindUnavailable, Err: objstore.ErrBusy}
	told := &objstore.Error{Kind: objstore.KindCorrupt, Text: "no"}
	for _, err := range []error{missing, busy, told, refused, Status(404), fmt.Errorf("while reading: %w", refused), errors.New("broken")} {
		before, more := ErrorResponse(err), WithHeader(err, HeaderField{Name: "B", Value: "2"})
		before.Header.Add("B", "2")
		require.Equal(t, before, ErrorResponse(more))
		require.Equal(t, errors.Is(err, objstore.KindNotFound), errors.Is(more, objstore.KindNotFound))
	}
	require.Len(t, refused.Header, 1, "the first error is as it was")
	require.Equal(t, refused.Error(), WithHeader(refused).Error(), "the log has a cause once")
}

// An error of a store has the text of its kind, unless it brings a text along.
func TestErrorResponseOfStores(t *testing.T) {
	stored := &objstore.Error{Kind: objstore.KindCorrupt, Op: "open object", Text: "Error decrypting object"}
	res := ErrorResponse(fmt.Errorf("more: %w", stored))
	require.Equal(t, 500, res.Status)
	require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
	require.Equal(t, "Error decrypting object", PlainText(stored))

	stored.Text = ""
	res = ErrorResponse(stored)
	require.Equal(t, 500, res.Status)
	require.Equal(t, HTMLType, res.Header.Get("Content-Type"))
	require.Equal(t, 503, ErrorResponse(&objstore.Error{Kind: objstore.KindUnavailable}).Status)
	require.Equal(t, 499, ErrorResponse(errors.Join(stored, context.Canceled)).Status)
}

// A store that is busy says when a retry is worth while; a store that is away does
// not know.
func TestBusyStoreSaysRetry(t *testing.T) {
	busy := &objstore.Error{Kind: objstore.KindUnavailable, Err: fmt.Errorf("coded: %w", objstore.ErrBusy)}
	away := &objstore.Error{Kind: objstore.KindUnavailable}
	for err, want := range map[error]string{busy: "1", away: ""} {
		res := ErrorResponse(err)
		require.Equal(t, 503, res.Status)
		require.Equal(t, want, res.Header.Get("Retry-After"))
	}
}

func TestRefusalsSayWhenToComeBack(t *testing.T) {
	cause := errors.New("cause")
	for wait, want := range map[time.Duration]string{
		time.Nanosecond: "1", time.Second: "1", time.Second + 1: "2", 5 * time.Minute: "300",
	} {
		err := TooMany(wait, cause)
		res := ErrorResponse(err)
		if got := res.Header.Get("Retry-After"); res.Status != 429 || got != want || !errors.Is(err, cause) {
			t.Errorf("%v: %d, Retry-After %q, %v", wait, res.Status, got, err)
		}
	}
	if res := ErrorResponse(Busy(cause)); res.Status != 503 || res.Header.Get("Retry-After") == "" {
		t.Errorf("%d %v", res.Status, res.Header)
	}
}
