// SPDX-License-Identifier: Apache-2.0

package slo

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

func listOf(element string, n int) string {
	return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
}

func TestInlineSegmentsAreCounted(t *testing.T) {
	f := newFake("a")
	inline := func(n int) string { return `[{"path":"/s/a"},` + listOf(`{"data":"AA=="}`, n)[1:] }
	f.must(t, 201, "PUT /v1/a/c/o?multipart-manifest=put", inline(maxInlineSegments))
	_, text := f.must(t, 413, "PUT /v1/a/c/o?multipart-manifest=put", inline(maxInlineSegments+1))
	require.Equal(t, fmt.Sprintf("Number of inline data segments must be <= %d", maxInlineSegments), text)
}

// Nothing is read behind the elements that are too many, and no fault is told
// behind those that fill the answer.
func TestFaultsAreCut(t *testing.T) {
	m := &middleware{Options: DefaultOptions()}
	_, err := m.parseInput(&swift.Request{Request: &web.Request{}}, []byte(listOf("1", 400_000)), "c/o")
	text := web.PlainText(err)
	require.Equal(t, 400, web.ErrorResponse(err).Status)
	require.True(t, strings.HasPrefix(text, "Index 0: not a JSON object\nIndex 1: not a JSON object\n"), "%.80q", text)
	require.LessOrEqual(t, len(text), maxFaultBytes+len("...\n"))
	require.True(t, strings.HasSuffix(text, "...\n"))
	_, err = m.parseInput(&swift.Request{Request: &web.Request{}}, []byte(`[{"`+strings.Repeat("x", 2*maxFaultBytes)+`":1}]`), "c/o")
	require.LessOrEqual(t, len(web.PlainText(err)), maxFaultBytes+len("...\n"))
}

// One element with very many keys is as little work as one with a few.
func TestKeysOfAnElementAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&b, `"k%d":1,`, i)
	}
	element := []byte("{" + strings.TrimSuffix(b.String(), ",") + "}")
	_, extra, ok := elementKeys(element)
	require.True(t, ok)
	require.Len(t, extra, maxExtraKeys)
}

// heldRequest is a request on an account of its own.
func heldRequest(bytes int64) (*swift.Request, *web.Memory, func()) {
	m, h, r := web.NewMemory(bytes), new(web.Held), &swift.Request{Request: new(web.Request)}
	h.Use(m)
	h.SetKnown()
	r.SetHeld(h)
	return r, m, h.End
}

func TestListsAreOnTheAccountOfMemory(t *testing.T) {
	m := &middleware{Options: DefaultOptions()}
	body := []byte(listOf(`{"path":"/c/o"}`, 1000))
	r, memory, end := heldRequest(1000 * (wantedBytes + 4))
	list, err := m.parseInput(r, body, "c/self")
	require.NoError(t, err)
	require.Len(t, list, 1000)
	require.EqualValues(t, 1000*(wantedBytes+4), memory.Used())
	end()
	r, _, end = heldRequest(1000*(wantedBytes+4) - 1)
	_, err = m.parseInput(r, body, "c/self")
	require.ErrorIs(t, err, web.ErrNoMemory)
	end()
}

// A part of the content costs the data that lies in it, not all data.
func TestDataThatIsNotNeededIsLeftOut(t *testing.T) {
	stored := listOf(`{"data": "`+strings.Repeat("QUFB", 1000)+`"}`, 100)
	for _, c := range []struct {
		header string
		data   int
	}{{"", 100}, {"bytes=0-0", 1}, {"bytes=2999-3000", 2}, {"bytes=-1", 1}, {"bytes=0-0,6000-6001", 2}, {"bytes=300000-", 0}} {
		r, memory, end := heldRequest(1 << 20)
		if c.header != "" {
			r.Header.Set("Range", c.header)
		}
		m, err := readManifest(r, &web.Response{Body: &fakeBody{Reader: strings.NewReader(stored), open: &newFake().open}}, neededBy(r, 300_000, 0))
		require.NoError(t, err)
		data := 0
		for i := range m.list {
			if m.list[i].Data != "" {
				data++
			}
		}
		require.Equal(t, c.data, data, c.header)
		require.EqualValues(t, 100*elementBytes+c.data*4000, memory.Used(), c.header)
		m.release(r)
		require.Zero(t, memory.Used())
		end()
	}
}

// Manifests inside others end the content once they outweigh it.
func TestCostOfManifests(t *testing.T) {
	c := &cost{}
	require.NoError(t, c.read(freeManifestBytes))
	require.ErrorIs(t, c.read(1), errCostly)
	c = &cost{contentBytes: freeManifestBytes + 1}
	require.NoError(t, c.read(freeManifestBytes+1))
	require.ErrorIs(t, c.read(1), errCostly)

	f := newFake("a")
	large := `[{"path":"/s/a"},{"data":"` + strings.Repeat("QUFB", 1<<20) + `"}]` // 4 MiB
	f.put(t, "one", large)
	f.put(t, "two", large)
	pair := `{"path":"/c/one","range":"0-0"},{"path":"/c/two","range":"0-0"}`
	f.put(t, "o", listOf(pair, 30))
	f.asked = nil
	_, _, err := f.try(DefaultOptions(), "GET /v1/a/c/o", "")
	require.ErrorIs(t, err, errCostly)
	require.LessOrEqual(t, f.count("GET /v1/a/c/one")+f.count("GET /v1/a/c/two"), freeManifestBytes/(4<<20)+1)
}

// A request gives back what the manifest before held.
func TestManifestsBelowAreHeldOneByOne(t *testing.T) {
	f := newFake("a")
	data := `[{"path":"/s/a"},{"data":"` + strings.Repeat("QUFB", 100_000) + `"}]`
	f.put(t, "one", data)
	f.put(t, "two", data)
	f.put(t, "o", listOf(`{"path":"/c/one"},{"path":"/c/two"}`, 4))
	r, _, end := heldRequest(1 << 20)
	defer end()
	r.Method, r.Path, r.Body = "GET", "/v1/a/c/o", web.NoBody
	res, err := New(DefaultOptions(), nil)(f).Serve(r)
	require.NoError(t, err)
	n, err := res.Body.(*web.SegmentBody).WriteTo(discard{})
	require.NoError(t, err)
	require.EqualValues(t, 8*(10+300_000), n)
	require.NoError(t, res.Close())
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
