#include "completion_script.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "config_reference.h"
#include "core/error.h"

namespace mofi {
namespace {

/// The keys of a kind of file that are in these sections, or all.
std::vector<CompletedKey> keys_of(const std::string& document, const std::vector<std::string>& sections) {
  const auto& documents = config_documents();
  const auto found = std::ranges::find(documents, document, &ConfigDocument::name);
  if (found == documents.end())
    fail(ExitCode::kInternal, "completion: there are no config keys of kind '{}'", document);
  std::vector<CompletedKey> keys;
  for (const FieldLine& field : found->fields) {
    const std::string section = field.path.substr(0, field.path.find('.'));
    if (!sections.empty() && std::ranges::find(sections, section) == sections.end()) continue;
    CompletedKey key{field.path, {}};
    if (field.type == "true or false") {
      key.values = {"true", "false"};
    } else if (field.type == "text") {  // "auto, cpu, cuda"
      for (std::size_t at = 0; at < field.allowed.size();) {
        const std::size_t end = std::min(field.allowed.find(", ", at), field.allowed.size());
        key.values.push_back(field.allowed.substr(at, end - at));
        at = end + 2;
      }
    }
    keys.push_back(std::move(key));
  }
  return keys;
}

/// In single quotes, as all three shells read it.
std::string quoted(const std::string& text) {
  std::string all = "'";
  for (const char c : text) {
    if (c == '\'')
      all += "'\\''";
    else
      all += c == '\n' || c == '\\' ? ' ' : c;
  }
  return all + "'";
}

/// Whether it may be: a text, a FILE, a DIR, but no number and no list.
bool is_file(const std::string& takes) {
  return takes != "INTEGER" && takes != "NUMBER" && takes.find(',') == std::string::npos;
}

/// What follows an option, for the scripts: "" of a flag, "-" where nothing can be said, "files",
/// "keys NAME", or the choices.
std::string what_follows(const CompletedOption& option) {
  if (option.takes.empty()) return "";
  if (!option.keys.empty()) return "keys " + option.keys;
  if (!option.choices.empty()) return fmt::format("{}", fmt::join(option.choices, " "));
  return is_file(option.takes) ? "files" : "-";
}

std::string names_of(const Completion& completion) {
  std::string names;
  for (const CompletedCommand& command : completion.commands)
    names += (names.empty() ? "" : " ") + command.name;
  return names;
}

/// The tables of bash and zsh, which write all but the entries alike: options and words by command, what
/// follows an option, keys by set, values by set and key.
std::string tables(const Completion& completion, bool for_zsh) {
  std::string options, words, follows, keys, values;
  const auto add = [&](std::string& table, const std::string& key, const std::string& value) {
    if (!value.empty())
      table += fmt::format(
          "  {}\n", for_zsh ? quoted(key) + " " + quoted(value) : "[" + quoted(key) + "]=" + quoted(value));
  };
  for (const CompletedCommand& command : completion.commands) {
    std::string names;
    for (const CompletedOption& option : command.options)
      for (const std::string& name : option.names) {
        names += (names.empty() ? "" : " ") + name;
        add(follows, command.name + " " + name, what_follows(option));
      }
    add(options, command.name, names);
    add(words, command.name, fmt::format("{}", fmt::join(command.words, " ")));
  }
  for (const CompletedKeys& set : completion.key_sets) {
    std::string paths;
    for (const CompletedKey& key : set.keys) {
      paths += (paths.empty() ? "" : " ") + key.path;
      add(values, set.name + " " + key.path, fmt::format("{}", fmt::join(key.values, " ")));
    }
    add(keys, set.name, paths);
  }
  std::string text = fmt::format("_mofi_commands={}\n", quoted(names_of(completion)));
  for (const auto& [name, table] :
       {std::pair("options", &options), std::pair("words", &words), std::pair("follows", &follows),
        std::pair("keys", &keys), std::pair("values", &values)})
    text += fmt::format("typeset -gA _mofi_{}\n_mofi_{}=(\n{})\n", name, name, *table);
  return text;
}

constexpr const char* kBash = R"(
_mofi() {
  local current command= option= value= lead= follows reply i
  local -a words=()
  for ((i = 1; i <= COMP_CWORD; ++i)); do # bash parts words at "=", too
    if [ "${#words[@]}" -gt 0 ] && [[ ${COMP_WORDS[i]} == =* || (${COMP_WORDS[i - 1]} == = && -n ${COMP_WORDS[i]}) ]]; then
      words[${#words[@]} - 1]+=${COMP_WORDS[i]}
    else
      words+=("${COMP_WORDS[i]}")
    fi
  done
  COMPREPLY=()
  current=${words[${#words[@]} - 1]}
  unset "words[${#words[@]} - 1]"
  if [ "${words[0]-}" = --ranks ]; then
    [ "${#words[@]}" -gt 1 ] || return 0
    words=("${words[@]:2}")
  fi
  if [ "${#words[@]}" = 0 ]; then
    COMPREPLY=($(compgen -W "$_mofi_commands --ranks --help" -- "$current"))
    return 0
  fi
  command=${words[0]}
  if [[ $current == --*=* ]]; then
    option=${current%%=*} value=${current#*=} lead=${current%%=*}=
  else
    option=${words[${#words[@]} - 1]} value=$current
  fi
  follows=${_mofi_follows["$command $option"]-}
  case $follows in
    keys\ *)
      if [[ $value == *=* ]]; then
        COMPREPLY=($(compgen -P "$lead${value%%=*}=" -W "${_mofi_values["${follows#keys } ${value%%=*}"]-}" -- "${value#*=}"))
      else
        COMPREPLY=($(compgen -P "$lead" -S = -W "${_mofi_keys[${follows#keys }]}" -- "$value"))
        compopt -o nospace 2>/dev/null || true
      fi
      ;;
    files) compopt -o default 2>/dev/null || true ;;
    -) ;;
    ?*) COMPREPLY=($(compgen -P "$lead" -W "$follows" -- "$value")) ;;
    *)
      if [[ $current == -* ]]; then
        COMPREPLY=($(compgen -W "${_mofi_options["$command"]-}" -- "$current"))
      elif [ -n "${_mofi_words["$command"]-}" ] && [ "${#words[@]}" = 1 ]; then
        COMPREPLY=($(compgen -W "${_mofi_words["$command"]}" -- "$current"))
      else
        compopt -o default 2>/dev/null || true
      fi
      ;;
  esac
  if [[ $current == *=* && $COMP_WORDBREAKS == *=* ]]; then # only what comes after the last "=" is replaced
    lead=${current%"${current##*=}"}
    for i in "${!COMPREPLY[@]}"; do COMPREPLY[i]=${COMPREPLY[i]#"$lead"}; done
  fi
  return 0
}
complete -F _mofi mofi
)";

constexpr const char* kZsh = R"(
_mofi() {
  local current=$words[CURRENT] command option value follows key
  local -a given
  given=("${(@)words[2,CURRENT-1]}")
  if [[ $given[1] == --ranks ]]; then
    (( $#given > 1 )) || return 1
    given=("${(@)given[3,-1]}")
  fi
  if (( $#given == 0 )); then
    compadd -- ${=_mofi_commands} --ranks --help
    return
  fi
  command=$given[1] option=$given[-1] value=$current
  if [[ $current == --*=* ]]; then
    option=${current%%=*} value=${current#*=}
    compset -P 1 '*='
  fi
  key="$command $option" follows="${_mofi_follows[$key]}"
  case $follows in
    keys\ *)
      if [[ $value == *=* ]]; then
        compset -P 1 '*='
        key="${follows#keys } ${value%%=*}"
        compadd -- ${=_mofi_values[$key]}
      else
        key=${follows#keys }
        compadd -S = -- ${=_mofi_keys[$key]}
      fi
      ;;
    files) _files ;;
    -) return 1 ;;
    ?*) compadd -- ${=follows} ;;
    *)
      if [[ $current == -* ]]; then
        compadd -- ${=_mofi_options[$command]}
      elif [[ -n $_mofi_words[$command] ]] && (( $#given == 1 )); then
        compadd -- ${=_mofi_words[$command]}
      else
        _files
      fi
      ;;
  esac
}
if [[ $funcstack[1] == _mofi ]]; then _mofi; else compdef _mofi mofi; fi
)";

std::string fish_script(const Completion& completion) {
  std::string text;
  for (const CompletedKeys& set : completion.key_sets) {
    text += fmt::format("function __mofi_keys_{}\n  printf '%s\\n'", set.name);
    for (const CompletedKey& key : set.keys) {
      if (key.values.empty()) text += fmt::format(" {}=", key.path);
      for (const std::string& value : key.values) text += fmt::format(" {}={}", key.path, value);
    }
    text += "\nend\n";
  }
  text += "complete -c mofi -n __fish_use_subcommand -l ranks -x -d 'a stage on so many ranks'\n";
  for (const CompletedCommand& command : completion.commands) {
    text += fmt::format("complete -c mofi -n __fish_use_subcommand -f -a {} -d {}\n", command.name,
                        quoted(command.about.substr(0, command.about.find_first_of(".\n"))));
    const std::string of = fmt::format("complete -c mofi -n '__fish_seen_subcommand_from {}'", command.name);
    if (!command.words.empty()) text += fmt::format("{} -f -a '{}'\n", of, fmt::join(command.words, " "));
    for (const CompletedOption& option : command.options) {
      std::string takes;
      if (!option.keys.empty())
        takes = fmt::format(" -x -a '(__mofi_keys_{})'", option.keys);
      else if (!option.choices.empty())
        takes = fmt::format(" -x -a '{}'", fmt::join(option.choices, " "));
      else if (!option.takes.empty())
        takes = is_file(option.takes) ? " -r" : " -x";
      for (const std::string& name : option.names)
        text += fmt::format("{} -l {}{} -d {}\n", of, name.substr(2), takes, quoted(option.help));
    }
  }
  return text;
}

}  // namespace

void add_stage(Completion& completion, const std::string& name, const Json& described) try {
  CompletedCommand command{.name = name, .about = described.at("about").get<std::string>()};
  for (const Json& one : described.at("options")) {
    CompletedOption option{
        one.at("names").get<std::vector<std::string>>(), one.at("takes").get<std::string>(),
        one.at("choices").get<std::vector<std::string>>(), "", one.at("help").get<std::string>()};
    if (one.contains("keys")) {
      const auto document = one["keys"].at("document").get<std::string>();
      const auto sections = one["keys"].at("sections").get<std::vector<std::string>>();
      option.keys = fmt::format("{}{}{}", document, sections.empty() ? "" : "_", fmt::join(sections, "_"));
      if (std::ranges::find(completion.key_sets, option.keys, &CompletedKeys::name) ==
          completion.key_sets.end())
        completion.key_sets.push_back({option.keys, keys_of(document, sections)});
    }
    command.options.push_back(std::move(option));
  }
  for (const Json& words : described.at("words"))
    for (const Json& word : words) command.words.push_back(word.get<std::string>());
  completion.commands.push_back(std::move(command));
} catch (const Json::exception& error) {
  fail(ExitCode::kInternal, "completion: what the stage {} says of its options is not understood: {}", name,
       error.what());
}

const std::vector<std::string>& completed_shells() {
  static const std::vector<std::string> shells = {"bash", "zsh", "fish"};
  return shells;
}

std::string completion_script(const Completion& completion, const std::string& shell) {
  const std::string head = fmt::format(
      "{}# Completion of mofi in {}, printed by `mofi completion {}`; print it anew after an update.\n",
      shell == "zsh" ? "#compdef mofi\n" : "", shell, shell);
  if (shell == "fish") return head + fish_script(completion);
  return head + tables(completion, shell == "zsh") + (shell == "zsh" ? kZsh : kBash);
}

}  // namespace mofi
