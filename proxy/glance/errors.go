// SPDX-License-Identifier: Apache-2.0

package glance

import (
	"errors"

	"needletail/objstore"
	"needletail/proxy/glance/wire"
	"needletail/proxy/web"
)

// asFailure returns the answer to an error. The answer is nil for an error of
// the request's body: the client did not send the whole body, and the front
// answers.
func asFailure(err error) *wire.Error {
	var f *wire.Error
	if errors.As(err, &f) {
		return f
	}
	if errors.Is(err, errNoImage) {
		return &wire.Error{Status: 404, Err: err}
	}
	var e *objstore.Error
	if !errors.As(err, &e) {
		return nil
	}
	switch e.Kind {
	case objstore.KindBody, objstore.KindShortBody:
		return nil
	case objstore.KindTooLarge, objstore.KindNoSpace:
		return &wire.Error{Status: 413, Message: "Image storage media is full or the image is too large.", Err: err}
	case objstore.KindUnavailable, objstore.KindClosed:
		busy := &wire.Error{Status: 503, Err: err}
		if errors.Is(err, objstore.ErrBusy) {
			busy.Header = web.Header{{Name: "Retry-After", Value: "1"}}
		}
		return busy
	}
	return &wire.Error{Status: 500, Err: err}
}
