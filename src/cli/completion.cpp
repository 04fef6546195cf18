#include "cli/commands.h"

namespace wave::cli {
namespace {

/// In single quotes, as the shells read them.
std::string quoted(const std::string& text, bool fish = false) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += fish ? "\\'" : "'\\''";
    else if (c == '\\' && fish)
      out += "\\\\";
    else
      out += c;
  }
  return out + "'";
}

/// A word of zsh's `_describe`, whose first colon ends the name.
std::string described(const std::string& name, const std::string& about) {
  return quoted(name + ":" + about);
}

std::string bash(const std::vector<CommandWords>& commands) {
  std::string names;
  std::string cases;
  for (const auto& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    cases += "    " + command.name + ") options=\"";
    for (const auto& option : command.options)
      for (const auto& name : option.names) cases += (cases.ends_with('"') ? "" : " ") + name;
    cases += "\" ;;\n";
  }
  return "_wave_autoscale() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" options=\"\"\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W \"" +
         names +
         "\" -- \"$word\"))\n    return\n  fi\n"
         "  case \"${COMP_WORDS[1]}\" in\n" +
         cases +
         "  esac\n"
         "  if [[ \"$word\" == -* ]]; then COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
         "  else COMPREPLY=($(compgen -f -- \"$word\")); fi\n"
         "}\ncomplete -F _wave_autoscale wave-autoscale";
}

std::string zsh(const std::vector<CommandWords>& commands) {
  std::string names;
  std::string cases;
  for (const auto& command : commands) {
    names += "    " + described(command.name, command.about) + "\n";
    cases += "    " + command.name + ") options=(\n";
    for (const auto& option : command.options)
      for (const auto& name : option.names) cases += "      " + described(name, option.about) + "\n";
    cases += "    ) ;;\n";
  }
  return "#compdef wave-autoscale\n_wave_autoscale() {\n"
         "  local -a commands options\n  commands=(\n" +
         names +
         "  )\n"
         "  if (( CURRENT == 2 )); then _describe command commands; return; fi\n"
         "  case $words[2] in\n" +
         cases +
         "  esac\n"
         "  if [[ $PREFIX == -* ]]; then _describe -o option options; else _files; fi\n"
         "}\ncompdef _wave_autoscale wave-autoscale";
}

std::string fish(const std::vector<CommandWords>& commands) {
  std::string out;
  for (const auto& command : commands) {
    out += "complete -c wave-autoscale -n __fish_use_subcommand -f -a " + command.name + " -d " +
           quoted(command.about, true) + "\n";
    for (const auto& option : command.options) {
      out += "complete -c wave-autoscale -n '__fish_seen_subcommand_from " + command.name + "'";
      for (const auto& name : option.names)
        out += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      out += (option.takes_value ? " -r -d " : " -d ") + quoted(option.about, true) + "\n";
    }
  }
  out.pop_back();
  return out;
}

}  // namespace

int completion(const Arguments& arguments) {
  const auto commands = command_words();
  print_line(arguments.shell == "bash"  ? bash(commands)
             : arguments.shell == "zsh" ? zsh(commands)
                                        : fish(commands));
  return exit_done;
}

}  // namespace wave::cli
