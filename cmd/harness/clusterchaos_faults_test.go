// SPDX-License-Identifier: Apache-2.0

//go:build cluster

package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"syscall"
	"time"

	"needletail/cmd/harness/swiftcluster"
)

const (
	chaosFaultTime = 12 * time.Second
	chaosHangTime  = 20 * time.Second
	// chaosRest is between two faults: no more than one server fails at a time.
	chaosRest = 4 * time.Second
	// A slow server runs for chaosRuns, and then not for chaosStands.
	chaosRuns, chaosStands = 40 * time.Millisecond, 160 * time.Millisecond
	// chaosCutEvery is how often the connections of a server are cut.
	chaosCutEvery = 250 * time.Millisecond
	// chaosEndTimeout bounds the end of a fault.
	chaosEndTimeout = 2 * time.Minute
)

// chaosFaults are the kinds of faults. Each begins the fault of a server, and ends
// the fault at the end of ctx.
var chaosFaults = map[string]func(ctx context.Context, c *swiftcluster.Cluster, server string) error{
	"kill": func(ctx context.Context, c *swiftcluster.Cluster, server string) error {
		err := c.Signal(ctx, server, syscall.SIGKILL)
		<-ctx.Done()
		return afterFault(err, func(ctx context.Context) error { return c.StartServer(ctx, server) })
	},
	"hang": func(ctx context.Context, c *swiftcluster.Cluster, server string) error {
		err := c.Signal(ctx, server, syscall.SIGSTOP)
		<-ctx.Done()
		return afterFault(err, func(ctx context.Context) error { return c.Signal(ctx, server, syscall.SIGCONT) })
	},
	"full": fullDevice,
	"slow": func(ctx context.Context, c *swiftcluster.Cluster, server string) error {
		err := every(ctx, chaosRuns, func() error {
			if err := c.Signal(ctx, server, syscall.SIGSTOP); err != nil {
				return err
			}
			time.Sleep(chaosStands)
			return c.Signal(ctx, server, syscall.SIGCONT)
		})
		return afterFault(err, func(ctx context.Context) error { return c.Signal(ctx, server, syscall.SIGCONT) })
	},
	"cut": func(ctx context.Context, c *swiftcluster.Cluster, server string) error {
		addr, err := swiftcluster.Addr(server)
		if err != nil {
			return err
		}
		host, port, _ := strings.Cut(addr, ":")
		// ss --kill resets all connections of the server at once, in both directions.
		return every(ctx, chaosCutEvery, func() error {
			out, err := c.Command(ctx, "ss", "-tnH", "--kill", "src", host, "sport", "=", ":"+port).CombinedOutput()
			if err != nil {
				err = fmt.Errorf("ss: %w: %s", err, out)
			}
			return err
		})
	},
}

// fullDevice puts a file into the place of a device: the servers of the node answer
// 507 (swift/common/constraints.py: check_drive).
func fullDevice(ctx context.Context, c *swiftcluster.Cluster, server string) error {
	_, node, _ := strings.Cut(server, "/")
	device := c.Path(fmt.Sprintf("/srv/%s/node/sdb%s", node, node))
	away := device + ".away"
	if err := os.Rename(device, away); err != nil {
		return err
	}
	err := os.WriteFile(device, nil, 0o600)
	<-ctx.Done()
	return afterFault(err, func(context.Context) error {
		return errors.Join(os.Remove(device), os.Rename(away, device))
	})
}

// afterFault ends a fault, whether or not its begin failed.
func afterFault(err error, end func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), chaosEndTimeout)
	defer cancel()
	return errors.Join(err, end(ctx))
}

// every calls f again and again until the end of ctx, which is no error.
func every(ctx context.Context, pause time.Duration, f func() error) error {
	for {
		if err := f(); err != nil || ctx.Err() != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// chaosFault is a part of a plan.
type chaosFault struct {
	at, lasts    time.Duration
	kind, server string
}

func (f chaosFault) String() string {
	return fmt.Sprintf("%v: %s %s for %v", f.at, f.kind, f.server, f.lasts)
}

// planChaos spreads faults over a time: all kinds in turn, in a random order, most
// often of an object server.
func planChaos(seed uint64, duration time.Duration) (plan []chaosFault) {
	rng := rand.New(rand.NewPCG(seed, chaosWriters+chaosReaders))
	kinds := []string{"kill", "hang", "full", "slow", "cut"}
	at := chaosRest
	for {
		rng.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		for _, kind := range kinds {
			f := chaosFault{at: at, lasts: chaosFaultTime, kind: kind}
			if kind == "hang" {
				f.lasts = chaosHangTime
			}
			server := []string{"object-server", "object-server", "object-server", "container-server", "account-server"}[rng.IntN(5)]
			f.server = swiftcluster.Name(server, 1+rng.IntN(swiftcluster.Nodes))
			if at += f.lasts + chaosRest; at > duration {
				return plan
			}
			plan = append(plan, f)
		}
	}
}

// chaosSpan is when a fault was.
type chaosSpan struct{ from, to time.Time }

// runFaults runs a plan, and returns when a server hung.
func runFaults(ctx context.Context, c *swiftcluster.Cluster, plan []chaosFault, tell func(string, ...any)) (hung []chaosSpan, err error) {
	began := time.Now()
	for _, f := range plan {
		select {
		case <-ctx.Done():
			return hung, ctx.Err()
		case <-time.After(time.Until(began.Add(f.at))):
		}
		span := chaosSpan{from: time.Now()}
		faulty, cancel := context.WithTimeout(ctx, f.lasts)
		ferr := chaosFaults[f.kind](faulty, c, f.server)
		cancel()
		span.to = time.Now()
		tell("%v", f)
		if f.kind == "hang" {
			hung = append(hung, span)
		}
		if ferr != nil {
			err = errors.Join(err, fmt.Errorf("%v: %w", f, ferr))
		}
	}
	return hung, err
}
