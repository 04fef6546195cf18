// Parts of a real Kubernetes, for the tests that need one: the name that it is called by chooses. In one program they
// share what takes long to compile.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	karpenter "sigs.k8s.io/karpenter/kwok/cloudprovider"
	"sigs.k8s.io/karpenter/pkg/cloudprovider/overlay"
	nodes "sigs.k8s.io/karpenter/pkg/controllers"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/operator"
	"sigs.k8s.io/kwok/pkg/config"
	"sigs.k8s.io/kwok/pkg/kwok/cmd"
)

// Its global flags, `--config` above all, are read before the command is made.
func kwok() *cobra.Command {
	global := pflag.NewFlagSet("global", pflag.ContinueOnError)
	global.ParseErrorsAllowlist.UnknownFlags = true
	global.Usage = func() {}
	ctx, err := config.InitFlags(context.Background(), global)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	command := cmd.NewCommand(ctx)
	command.SetContext(ctx)
	command.Version = "" // Kubernetes has a flag of that name for all.
	command.PersistentFlags().AddFlagSet(global)
	return command
}

// Karpenter whose machines are nodes for kwok. It reads its flags and KUBECONFIG itself.
func runKarpenter() {
	ctx, op := operator.NewOperator()
	types, err := karpenter.ConstructInstanceTypes(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	plain := karpenter.NewCloudProvider(ctx, op.GetClient(), types)
	provider := overlay.Decorate(plain, op.GetClient(), op.InstanceTypeStore)
	cluster := state.NewCluster(op.Clock, op.GetClient(), provider)
	op.WithControllers(ctx, nodes.NewControllers(ctx, op.Manager, op.Clock, op.GetClient(), op.EventRecorder, provider,
		plain, cluster, op.InstanceTypeStore)...).Start(ctx)
}

func main() {
	name := filepath.Base(os.Args[0])
	if name == "karpenter" {
		runKarpenter()
		return
	}
	parts := map[string]func() *cobra.Command{
		"kube-apiserver":          apiserver.NewAPIServerCommand,
		"kube-controller-manager": controllers.NewControllerManagerCommand,
		"kwok":                    kwok,
	}
	part, known := parts[name]
	if !known {
		fmt.Fprintln(os.Stderr, "call it kube-apiserver, kube-controller-manager, kwok or karpenter")
		os.Exit(2)
	}
	os.Exit(cli.Run(part()))
}
