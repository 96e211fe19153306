package glance

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
	maxJSONBytes = 1 << 20 // of a request body
	maxJSONDepth = 16
	// jsonHeldFactor is how many bytes a value takes at most for each byte of its
	// text: "[0,0,0" takes two bytes for what is an interface and a number in a
	// slice that may have grown to twice its length.
	jsonHeldFactor = 24
)

var errJSONDepth = errors.New("nested too deeply")

// readJSON reads the request's body, which must be one JSON value.
func readJSON(r *web.Request) (any, error) {
	if r.ContentLength == web.NoLength || r.ContentLength == 0 {
		return nil, failf(400, "Body expected in request.")
	}
	body, err := r.ReadWhole(maxJSONBytes)
	if errors.Is(err, web.ErrBodyTooLong) {
		return nil, failf(413, "The request body is longer than %d bytes.", maxJSONBytes)
	}
	if err == nil {
		err = r.Hold(jsonHeldFactor * int64(len(body)))
	}
	if err != nil {
		return nil, err
	}
	v, err := decodeJSON(body)
	if err != nil {
		return nil, &failure{status: 400, message: "Malformed JSON in request body.", err: err}
	}
	return v, nil
}

// readObject is readJSON for a JSON object.
func readObject(r *web.Request) (pyjson.Object, error) {
	v, err := readJSON(r)
	if err != nil {
		return nil, err
	}
	o, ok := v.(pyjson.Object)
	if !ok {
		return nil, failf(400, "The request body must be a JSON object.")
	}
	return o, nil
}

// decodeJSON reads one JSON value into what pyjson writes: objects keep the
// order of their keys, of a key that is there twice the last value wins.
func decodeJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := decodeValue(d, maxJSONDepth)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("data after the JSON value")
	}
	return v, nil
}

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
