#include "cli/commands.h"

namespace wave::cli {

int completion(const Arguments& arguments) {
  std::string words;
  for (const auto& name : command_names()) words += (words.empty() ? "" : " ") + name;
  const std::string options = "--definitions --config --json --help";
  if (arguments.shell == "bash") {
    print_line(
        "_wave_autoscale() {\n"
        "  local word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
        "  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"" +
        words +
        "\" -- \"$word\"))\n"
        "  elif [[ \"$word\" == -* ]]; then COMPREPLY=($(compgen -W \"" +
        options +
        "\" -- \"$word\"))\n"
        "  else COMPREPLY=($(compgen -f -- \"$word\")); fi\n"
        "}\ncomplete -F _wave_autoscale wave-autoscale");
  } else if (arguments.shell == "zsh") {
    print_line("#compdef wave-autoscale\n_wave_autoscale() {\n  if (( CURRENT == 2 )); then compadd -- " +
               words + "\n  else _alternative 'options:option:(" + options +
               ")' 'files:file:_files'; fi\n}\n"
               "compdef _wave_autoscale wave-autoscale");
  } else {
    print_line("complete -c wave-autoscale -n __fish_use_subcommand -f -a '" + words + "'");
  }
  return exit_done;
}

}  // namespace wave::cli
