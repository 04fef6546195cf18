#pragma once

#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/settings.h"

/// One function a command, each in the file of its name (`status`, `pause`, `resume` and `scale` talk to the
/// daemon and share one). They return the exit status.
namespace wave::cli {

int run_daemon(const Arguments& arguments, const Configuration& configuration);
int demo(const Arguments& arguments);
/// What the demo's workers are: waits to be stopped.
int demo_worker();
int init(const Arguments& arguments);
int check(const Arguments& arguments, const Configuration& configuration);
int poll(const Arguments& arguments, const Configuration& configuration);
int observe(const Arguments& arguments, const Configuration& configuration);
int plan(const Arguments& arguments, const Configuration& configuration);
int status(const Arguments& arguments, const Configuration& configuration);
int pause(const Arguments& arguments, const Configuration& configuration);
int resume(const Arguments& arguments, const Configuration& configuration);
int scale(const Arguments& arguments, const Configuration& configuration);
int decisions(const Arguments& arguments, const Configuration& configuration);
int forecast_file(const Arguments& arguments, const Configuration& configuration);
int backtest_files(const Arguments& arguments, const Configuration& configuration);
int kinds(const Arguments& arguments);
int schema();
int schedules(const Arguments& arguments, const Configuration& configuration);
int reference(const Arguments& arguments);
int completion(const Arguments& arguments);

}  // namespace wave::cli
