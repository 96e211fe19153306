// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"needletail/cmd/harness/testserver"
	"needletail/cmd/needletail/config"
)

const (
	killCycles       = 5
	killAfterMin     = 100 * time.Millisecond
	killAfterMax     = 600 * time.Millisecond
	killCyclesEnv    = "NEEDLETAIL_KILL_CYCLES"
	killSeedEnv      = "NEEDLETAIL_KILL_SEED"
	killTempAuthUser = killTestUser + "=" + killTestKey + ",.admin"
)

// TestKill kills the release binary with SIGKILL, again and again, under
// writers that know what they were promised. It may lose nothing that was
// acknowledged, show nothing half written, miscount nothing and leave no file.
func TestKill(t *testing.T) {
	cycles := killCycles
	if s := os.Getenv(killCyclesEnv); s != "" {
		var err error
		if cycles, err = strconv.Atoi(s); err != nil {
			t.Fatalf("%s: %v", killCyclesEnv, err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv(killSeedEnv); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("%s: %v", killSeedEnv, err)
		}
	}
	t.Logf("seed %d, %d cycles", seed, cycles)
	rng := rand.New(rand.NewPCG(seed, killWriters))
	load := newKillLoad(seed, config.Default().Storage.InlineMaxBytes)
	data := filepath.Join(t.TempDir(), "data")
	start := func() (*testserver.Process, *killClient) {
		server := testserver.Start(t, data, "--tempauth-user", killTempAuthUser)
		client, err := newKillClient(server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		return server, client
	}
	server, client := start()
	for _, container := range killContainers {
		if a, err := client.do(context.Background(), "PUT", "/"+container, nil, nil); err != nil || a.status != 201 {
			t.Fatalf("create %s: status %d, %v", container, a.status, err)
		}
	}
	inFlight := 0
	for cycle := 0; cycle < cycles && !t.Failed(); cycle++ {
		var killing atomic.Bool
		after := killAfterMin + time.Duration(rng.Int64N(int64(killAfterMax-killAfterMin)))
		timer := time.AfterFunc(after, func() {
			killing.Store(true)
			_ = server.Cmd.Process.Kill()
		})
		for _, err := range load.run(context.Background(), client, &killing) {
			if err != nil {
				t.Error(err)
			}
		}
		timer.Stop()
		server.Kill()
		client.http.CloseIdleConnections()
		inFlight += load.inFlight()
		server, client = start()
		if rng.IntN(3) == 0 { // while it clears up after the first
			server.Kill()
			server, client = start()
		}
		load.verify(t, client, data)
	}
	t.Logf("%d acknowledged writes, %d in flight when the server was killed", load.acknowledged.Load(), inFlight)
	if !t.Failed() {
		server.Stop()
		verifyFiles(t, data, load.large())
	}
}
