// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

const (
	// MaxJSONBytes bounds a JSON body.
	MaxJSONBytes = 1 << 20
	// MaxJSONDepth bounds how deep arrays and objects of a JSON body nest.
	MaxJSONDepth = 16
	// jsonHeldFactor is the memory that a decoded value takes at most, in bytes
	// for each byte of text. The worst case is "[0,0,0": each pair of bytes becomes
	// an interface and a number, in a slice that may have grown to twice its
	// length.
	jsonHeldFactor = 24
)

var errJSONDepth = errors.New("nested too deeply")

// ReadJSON returns the request's body, which must be a single JSON value.
func ReadJSON(r *web.Request) (any, error) {
	if r.ContentLength == web.NoLength || r.ContentLength == 0 {
		return nil, Errorf(400, "Body expected in request.")
	}
	body, err := r.ReadWhole(MaxJSONBytes)
	if errors.Is(err, web.ErrBodyTooLong) {
		return nil, Errorf(413, "The request body is longer than %d bytes.", MaxJSONBytes)
	}
	if err == nil {
		err = r.Hold(jsonHeldFactor * int64(len(body)))
	}
	if err != nil {
		return nil, err
	}
	v, err := DecodeJSON(body)
	if err != nil {
		return nil, &Error{Status: 400, Message: "Malformed JSON in request body.", Err: err}
	}
	return v, nil
}

// ReadObject returns the request's body, which must be a JSON object.
func ReadObject(r *web.Request) (pyjson.Object, error) {
	v, err := ReadJSON(r)
	if err != nil {
		return nil, err
	}
	o, ok := v.(pyjson.Object)
	if !ok {
		return nil, Errorf(400, "The request body must be a JSON object.")
	}
	return o, nil
}

// DecodeJSON returns a single JSON value in the types that pyjson writes.
// Objects keep the order of their keys; if a key occurs twice, the last value
// wins.
func DecodeJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := decodeValue(d, MaxJSONDepth)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("data after the JSON value")
	}
	return v, nil
}

// decodeValue returns the next value. depth is how many levels of arrays and
// objects the value may have.
func decodeValue(d *json.Decoder, depth int) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		if depth == 0 {
			return nil, errJSONDepth
		}
		if t == '[' {
			return decodeArray(d, depth-1)
		}
		return decodeObject(d, depth-1)
	case json.Number:
		if n, err := t.Int64(); err == nil {
			return n, nil
		}
		return t.Float64()
	}
	return token, nil // nil, bool, string
}

func decodeArray(d *json.Decoder, depth int) (any, error) {
	list := pyjson.Array{}
	for d.More() {
		v, err := decodeValue(d, depth)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.Token()
	return list, err
}

func decodeObject(d *json.Decoder, depth int) (any, error) {
	o, at := pyjson.Object{}, map[string]int{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		key, ok := token.(string)
		if !ok {
			return nil, fmt.Errorf("key %v is no string", token)
		}
		v, err := decodeValue(d, depth)
		if err != nil {
			return nil, err
		}
		if i, ok := at[key]; ok {
			o[i].Value = v
			continue
		}
		at[key] = len(o)
		o = append(o, pyjson.Member{Key: key, Value: v})
	}
	_, err := d.Token()
	return o, err
}
