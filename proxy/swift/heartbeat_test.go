// SPDX-License-Identifier: Apache-2.0

package swift

import (
	"context"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"needletail/proxy/pyjson"
	"needletail/proxy/web"
)

func TestHeartbeatOfQuickWorkHasALength(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := Heartbeat(&Request{Request: &web.Request{}}, "text/plain", " ", func(context.Context) []byte {
			time.Sleep(HeartbeatInterval - 1)
			return []byte("result")
		})
		require.EqualValues(t, 6, res.ContentLength)
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "result", string(b))
		require.Equal(t, "text/plain", res.Header.Get("Content-Type"))
	})
}

func TestHeartbeatBeatsOncePerInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		res := Heartbeat(&Request{Request: &web.Request{}}, "text/xml", "<?xml?>\n", func(context.Context) []byte {
			time.Sleep(3*HeartbeatInterval + time.Second)
			return []byte("result")
		})
		require.EqualValues(t, -1, res.ContentLength)
		b, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.Equal(t, "<?xml?>\n  \r\n\r\nresult", string(b))
		require.NoError(t, res.Close())
	})
}

func TestHeartbeatCloseEndsTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ended := false
		res := Heartbeat(&Request{Request: &web.Request{}}, "text/plain", " ", func(ctx context.Context) []byte {
			<-ctx.Done()
			ended = true
			return nil
		})
		require.NoError(t, res.Close())
		require.True(t, ended)
	})
}

func TestHeartbeatPanicsWhereTheFrontSeesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		require.PanicsWithValue(t, "bug", func() {
			Heartbeat(&Request{Request: &web.Request{}}, "text/plain", " ", func(context.Context) []byte { panic("bug") })
		})
		res := Heartbeat(&Request{Request: &web.Request{}}, "text/plain", " ", func(context.Context) []byte {
			time.Sleep(HeartbeatInterval + 1)
			panic("bug")
		})
		require.PanicsWithValue(t, "bug", func() { _, _ = io.ReadAll(res.Body) })
		require.NoError(t, res.Close())
	})
}

func TestHeartbeatResult(t *testing.T) {
	values := pyjson.Object{{Key: "Response Status", Value: "400 Bad Request"}, {Key: "Number Deleted", Value: 2}}
	failed := []FailedName{{"c/%C3%A9", "409 Conflict"}, {"<x>", "401 Unauthorized"}}
	for contentType, want := range map[string]string{
		"application/json": `{"Response Status": "400 Bad Request", "Number Deleted": 2, ` +
			`"Errors": [["c/%C3%A9", "409 Conflict"], ["<x>", "401 Unauthorized"]]}`,
		"text/plain": "Number Deleted: 2\nResponse Status: 400 Bad Request\nErrors:\n" +
			"c/%C3%A9, 409 Conflict\n<x>, 401 Unauthorized\n",
		"": "Number Deleted: 2\nResponse Status: 400 Bad Request\nErrors:\n" +
			"c/%C3%A9, 409 Conflict\n<x>, 401 Unauthorized\n",
		"text/xml": "<delete>\n<number_deleted>2</number_deleted>\n<response_status>400 Bad Request</response_status>\n" +
			"<errors>\n<object><name>c/%C3%A9</name><status>409 Conflict</status></object>\n" +
			"<object><name>&lt;x&gt;</name><status>401 Unauthorized</status></object>\n</errors>\n</delete>\n",
	} {
		require.Equal(t, want, string(HeartbeatResult(contentType, values, failed, "delete")), contentType)
	}
	require.Equal(t, `{"Number Deleted": 2, "Errors": []}`, string(HeartbeatResult("application/json", values[1:], nil, "delete")))
}

func TestHeartbeatAtOnce(t *testing.T) {
	res := HeartbeatAtOnce(&Request{Request: &web.Request{}}, "text/plain", func(context.Context) []byte { return []byte("result") })
	require.Equal(t, 202, res.Status)
	require.EqualValues(t, -1, res.ContentLength)
	b, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	require.Equal(t, " \r\n\r\nresult", string(b))
	require.NoError(t, res.Close())
}
