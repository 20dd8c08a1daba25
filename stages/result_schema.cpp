#include "result_schema.h"

#include "storage/run_record.h"
#include "training/run_config.h"

namespace mofi {
namespace {

/// The visitor that tells a struct as a schema. Of the config of a run nothing has to be there but its seed:
/// a system has its own sections only, and fields that came later are left out where they say what was done
/// before.
class SchemaWriter {
 public:
  static constexpr bool kReads = false;

  template <class T>
  void operator()(const std::string& key, T& value, const FieldInfo& info) {
    if (info.is_volatile) return;
    Json field;
    if constexpr (std::is_class_v<T> && !std::is_same_v<T, std::string> && !config_detail::kIsVector<T>) {
      SchemaWriter inner;
      describe(inner, value);
      field = inner.take();
      field["description"] = info.help;
    } else {
      field["description"] = info.unit.empty() ? info.help : info.help + " [" + info.unit + "]";
      if constexpr (config_detail::kIsVector<T>) {
        field["type"] = "array";
        field["items"] = one<typename T::value_type>(info);
      } else {
        field.update(one<T>(info));
      }
    }
    properties_[key] = std::move(field);
  }

  Json take() const {
    return {{"type", "object"}, {"properties", properties_}, {"additionalProperties", false}};
  }

 private:
  template <class T>
  static Json one(const FieldInfo& info) {
    Json type;
    if constexpr (std::is_same_v<T, bool>)
      type["type"] = "boolean";
    else if constexpr (std::integral<T>)
      type["type"] = "integer";
    else if constexpr (std::floating_point<T>)
      type["type"] = "number";
    else
      type["type"] = "string";
    if (!info.choices.empty()) type["enum"] = info.choices;
    if (std::isfinite(info.minimum)) type["minimum"] = bound<T>(info.minimum);
    if (std::isfinite(info.maximum)) type["maximum"] = bound<T>(info.maximum);
    if constexpr (std::is_same_v<T, std::uint64_t>) type["minimum"] = 0;
    return type;
  }
  template <class T>
  static Json bound(double value) {
    return std::integral<T> ? Json(static_cast<std::int64_t>(value)) : Json(value);
  }

  Json properties_ = Json::object();
};

Json text(const std::string& what) { return {{"type", "string"}, {"description", what}}; }
Json number(const std::string& what) { return {{"type", "number"}, {"minimum", 0}, {"description", what}}; }
Json share(const std::string& what) {
  return {{"type", "number"}, {"minimum", 0}, {"maximum", 1}, {"description", what}};
}
Json count(const std::string& what, int minimum = 0) {
  return {{"type", "integer"}, {"minimum", minimum}, {"description", what}};
}
Json digest(const std::string& what) {
  return {
      {"type", "string"}, {"pattern", "^[0-9a-f]{64}$"}, {"description", what + " [SHA-256, hexadecimal]"}};
}

/// Exactly these keys, `optional` of them as they may be.
Json object(const std::string& what, const Json& required, const Json& optional = Json::object()) {
  Json names = Json::array(), properties = required;
  for (const auto& [name, schema] : required.items()) names.push_back(name);
  properties.update(optional);
  return {{"type", "object"},
          {"description", what},
          {"properties", properties},
          {"required", names},
          {"additionalProperties", false}};
}

/// Keys of one pattern, each with the same schema.
Json mapping(const std::string& what, const std::string& keys, const Json& value) {
  return {{"type", "object"},
          {"description", what},
          {"patternProperties", {{keys, value}}},
          {"additionalProperties", false}};
}

Json reference(const std::string& name) { return {{"$ref", "#/$defs/" + name}}; }

Json definitions() {
  const Json change = {
      {"rows", count("rows compared [rows]", 1)},
      {"same", share("share of rows whose predicted class stays [1]")},
      {"distance", share("mean total variation between the probabilities before and after [1]")}};
  const Json valence = {
      {"high_valence_before", share("share of rows predicted to be of high valence, before [1]")},
      {"high_valence_after", share("the same, after [1]")}};
  Json whole = valence;
  whole["by_class"] =
      mapping("the same for the rows of each label", ".*", object("of one label", change, valence));
  return {
      {"scores", object("how many rows were right; tables of `mofi aggregate` score whole pieces",
                        {{"rows", count("rows with a label [rows]", 1)},
                         {"correct", count("rows whose predicted class is the label [rows]")},
                         {"accuracy", share("correct / rows [1]")}})},
      {"shifted", object("rows that the transposition leaves in the vocabulary", change,
                         {{"accuracy", share("share of these rows that is right after it [1]")}})},
      {"modes", object("rows by the mode that the mode file has for their music", Json::object(),
                       {{"to_minor", object("music in major", change, whole)},
                        {"to_major", object("music in minor", change, whole)}})},
      {"invariance",
       object(
           "data.invariance: how predictions change with the music",
           {{"transposition", mapping("by shift in semitones", "^-?[1-9][0-9]*$", reference("shifted"))}},
           {{"parallel", object("music, or what is told of it, put into the parallel mode",
                                {{"music", reference("modes")}},
                                {{"told", reference("modes")}, {"music_and_told", reference("modes")}})}})},
      {"epoch",
       object(
           "one pass over the training part",
           {{"epoch", count("epochs that are over, from 1 [epochs]", 1)},
            {"loss", number("mean cross entropy of the rows of the epoch [nat]")},
            {"learning_rate", number("at its last step [1]")}},
           {{"auxiliary_loss", mapping("the same of each auxiliary task [nat]", "^(key|tonic|mode)$",
                                       number("mean cross entropy [nat]"))},
            {"valid", reference("scores")},
            {"model", object("what was observed of the model",
                             {{"injection_distance",
                               {{"type", "array"},
                                {"items", number("root mean square [1]")},
                                {"description",
                                 "by site: how far the injection has moved from the identity [1]"}}}})}})}};
}

}  // namespace

std::string result_schema() {
  RunConfig defaults;
  SchemaWriter writer;
  describe(writer, defaults);
  Json config = writer.take();
  config["description"] =
      "the semantic config of the run: all that can change its result, but for its inputs";
  config["required"] = {"seed"};

  Json schema = object(
      "A finished run: what was run, on what, and how it went. Units are in brackets; [1] has none.",
      {{"schema", {{"const", kResultSchema}, {"description", "name and version of this format"}}},
       {"run_id",
        {{"type", "string"},
         {"pattern", "^.+-[0-9a-f]{12}$"},
         {"description", "readable slug and what identifies the run: semantic config, seed, inputs"}}},
       {"content_sha256", digest("of everything here but timing and provenance")},
       {"inputs", mapping("content digests of what was read", "^(tokens|mode|weights|features)$",
                          digest("of the contents, not of the file"))},
       {"predictions_sha256", digest("of the contents of predictions.h5")},
       {"config", config},
       {"metrics", object("scores of the parts that data.evaluate names", Json::object(),
                          {{"train", reference("scores")},
                           {"valid", reference("scores")},
                           {"test", reference("scores")},
                           {"invariance", reference("invariance")}})},
       {"history",
        {{"type", "array"},
         {"items", reference("epoch")},
         {"description", "an entry an epoch; none of systems that have no epochs"}}},
       {"timing",
        object("wall time", {{"train_s", number("training [s]")}, {"total_s", number("all of it [s]")}},
               {{"rows_per_s", number("rows trained in a second, all ranks together [1/s]")}})},
       {"provenance",
        object("who made it, where and when; no part of its identity",
               {{"producer", text("program, version and commit")},
                {"host", text("name of the machine")},
                {"command", text("command line")},
                {"written", text("UTC, as in 2026-01-31T12:00:00Z")}},
               {{"input_names", mapping("names of inputs", "", text("what an input is called"))}})}});
  schema["$defs"] = definitions();
  Json page = {{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", kResultSchema}};
  page.update(schema);
  return page.dump(1) + "\n";
}

}  // namespace mofi
