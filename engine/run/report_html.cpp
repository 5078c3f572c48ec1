// The page of report.h: one function per section, in the order of the page.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string_view>
#include <thread>

#include "engine/compile/backend.h"
#include "engine/core/digits.h"
#include "engine/core/machine.h"
#include "engine/core/version.h"
#include "engine/io/base64.h"
#include "engine/io/svg.h"
#include "engine/model/summary.h"
#include "engine/run/progress_line.h"
#include "engine/run/report.h"

namespace pcnn {
namespace {

constexpr std::size_t kMostRows = 100;  // of a table of metrics

// The chart's own colours are those of a white page; what a dark one needs is put over them.
constexpr std::string_view kStyle = R"(
:root{--ground:#fff;--text:#1c2024;--soft:#60666d;--line:#dfe3e6;--card:#f6f8f9;--accent:#0072b2;color-scheme:light dark}
@media (prefers-color-scheme:dark){:root{--ground:#14171a;--text:#e6e9ec;--soft:#9aa2aa;--line:#30363c;--card:#1d2226;--accent:#56b4e9}}
*{box-sizing:border-box}
body{margin:0 auto;padding:2rem 1.25rem 4rem;max-width:62rem;background:var(--ground);color:var(--text);font:16px/1.5 system-ui,sans-serif}
h1{margin:0;font-size:1.8rem;line-height:1.2;overflow-wrap:anywhere}
h2{margin:2.5rem 0 .75rem;font-size:1.15rem}
p{margin:.4rem 0;overflow-wrap:anywhere}
.soft{color:var(--soft)}
.state{display:inline-block;margin-left:.6rem;padding:.1rem .6rem;border:1px solid var(--line);border-radius:1rem;font-size:.85rem;font-weight:400;vertical-align:middle;color:var(--soft)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(12.5rem,45%),1fr));gap:.75rem;margin:1.5rem 0 0}
.figures div{padding:.8rem 1rem;background:var(--card);border-radius:.5rem}
.figures dt{color:var(--soft);font-size:.85rem}
.figures dd{margin:0;font-size:1.4rem;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;width:100%}
th,td{padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th{color:var(--soft);font-weight:500}
th:first-child,td:first-child,.left{text-align:left}
tfoot td{font-weight:600;border-bottom:0}
svg{display:block;width:100%;height:auto;margin-top:-1.5rem}
svg>rect:first-of-type{fill:none}
svg rect[fill-opacity]{fill:var(--ground)}
svg text{fill:var(--text)}
svg line[stroke="#e4e4e4"],svg rect[stroke="#e4e4e4"]{stroke:var(--line)}
.grids{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(15rem,45%),1fr));gap:1rem}
figure{margin:0}
figure img{width:100%;height:auto;image-rendering:pixelated;border-radius:.25rem}
figcaption{color:var(--soft);font-size:.85rem}
@media (max-width:40rem){svg{margin-top:0}svg text{font-size:18px}svg polyline{stroke-width:4}figure img{image-rendering:auto}}
summary{cursor:pointer;color:var(--accent)}
pre{overflow-x:auto;padding:1rem;background:var(--card);border-radius:.5rem;font-size:.85rem;line-height:1.45}
dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.25rem;margin:0;font-size:.95rem}
dl.facts dt{color:var(--soft)}
dl.facts dd{margin:0;overflow-wrap:anywhere}
)";

std::string figure(std::string_view name, const std::string& value) {
  return fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", xml_escaped(name), xml_escaped(value));
}

std::string fact(std::string_view name, const std::string& value) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", xml_escaped(name), xml_escaped(value));
}

std::string row(std::string_view cell, const std::vector<std::string>& cells) {
  std::string html = "<tr>";
  for (const std::string& text : cells) html += fmt::format("<{0}>{1}</{0}>", cell, xml_escaped(text));
  return html + "</tr>\n";
}

std::string table(const std::vector<std::string>& header, const std::vector<std::vector<std::string>>& rows,
                  const std::vector<std::string>& totals = {}) {
  std::string html = "<div class=\"wide\"><table>\n<thead>" + row("th", header) + "</thead>\n<tbody>\n";
  for (const auto& cells : rows) html += row("td", cells);
  html += "</tbody>\n";
  if (!totals.empty()) html += "<tfoot>" + row("td", totals) + "</tfoot>\n";
  return html + "</table></div>\n";
}

const EpochMetrics* best_epoch(const std::vector<EpochMetrics>& metrics) {
  const auto best = std::ranges::min_element(metrics, {}, &EpochMetrics::validation_nats_per_dim);
  return best == metrics.end() ? nullptr : &*best;
}

// The score of the test split where there is one; until then the best of validation.
std::string figures(const Report& report) {
  std::string html = "<dl class=\"figures\">\n";
  const EpochMetrics* best = best_epoch(report.metrics);
  if (!report.scores.empty()) {
    const FinalScore& score = report.scores.front();
    html += figure("test, nats/dim", fmt::format("{:.4f}", score.nats_per_dim)) +
            figure("test, bits/dim", fmt::format("{:.4f}", score.bits_per_dim)) +
            figure("test, nats/image", fmt::format("{:.2f}", score.nats_per_image));
  }
  if (best)
    html += figure("best validation, nats/dim", fmt::format("{:.4f}", best->validation_nats_per_dim)) +
            figure("at epoch", fmt::format("{} of {}", best->epoch, report.metrics.back().epoch));
  if (!report.metrics.empty()) {
    const EpochMetrics& last = report.metrics.back();
    html += figure("training", clock_text(last.seconds)) +
            figure("images/s",
                   fmt::format("{:.0f}", static_cast<double>(last.images) / std::max(last.seconds, 1e-9)));
  }
  return html + "</dl>\n";
}

std::string scores(const Report& report) {
  if (report.scores.empty()) return {};
  std::vector<std::vector<std::string>> rows;
  for (const FinalScore& score : report.scores)
    rows.push_back({score.parameters, std::to_string(score.epoch), fmt::format("{:.4f}", score.nats_per_dim),
                    fmt::format("{:.2f}", score.nats_per_image), fmt::format("{:.4f}", score.bits_per_dim)});
  return "<h2>Final scores</h2>\n<p class=\"soft\">" + xml_escaped(report.split) + "</p>\n" +
         table({"parameters with", "epoch", "nats/dim", "nats/image", "bits/dim"}, rows);
}

// A table of the last lines, folded away.
std::string folded(const std::string& what, std::size_t all, const std::vector<std::string>& header,
                   const std::vector<std::vector<std::string>>& rows) {
  const std::string summary = all == rows.size()
                                  ? fmt::format("Every {}", what)
                                  : fmt::format("Every {}: the last {} of {}", what, rows.size(), all);
  return "<details><summary>" + summary + "</summary>\n" + table(header, rows) + "</details>\n";
}

template <typename Metrics>
std::span<const Metrics> last_of(const std::vector<Metrics>& metrics) {
  return std::span(metrics).last(std::min(metrics.size(), kMostRows));
}

std::string curves(const Report& report) {
  if (report.metrics.empty() && report.windows.empty())
    return "<h2>Losses</h2>\n<p class=\"soft\">No epoch has ended yet.</p>\n";
  std::vector<std::vector<std::string>> epochs, windows;
  for (const EpochMetrics& epoch : last_of(report.metrics))
    epochs.push_back(
        {std::to_string(epoch.epoch), grouped(epoch.step), fmt::format("{:.4f}", epoch.train_nats_per_dim),
         fmt::format("{:.4f}", epoch.validation_nats_per_dim), fmt::format("{:.3g}", epoch.learning_rate),
         fmt::format("{:.3g}", epoch.grad_norm), fmt::format("{:.0f}", epoch.images_per_second)});
  for (const WindowMetrics& window : last_of(report.windows))
    windows.push_back({grouped(window.step), fmt::format("{:.2f}", window.epoch), grouped(window.steps),
                       fmt::format("{:.4f}", window.train_nats_per_dim),
                       fmt::format("{:.3g}", window.learning_rate), fmt::format("{:.3g}", window.grad_norm),
                       fmt::format("{:.0f}", window.images_per_second)});
  std::string html = "<h2>Losses</h2>\n" + draw_curves("", report.metrics, report.windows);
  if (!epochs.empty())
    html += folded("epoch", report.metrics.size(),
                   {"epoch", "steps", "train", "validation", "learning rate", "gradient norm", "images/s"},
                   epochs);
  if (!windows.empty())
    html +=
        folded("window of steps", report.windows.size(),
               {"to step", "epoch", "steps", "train", "learning rate", "gradient norm", "images/s"}, windows);
  return html;
}

std::string samples(const Report& report) {
  if (report.samples.empty()) return {};
  std::string html = "<h2>Samples</h2>\n";
  if (report.sample_files > static_cast<std::int64_t>(report.samples.size()))
    html += fmt::format("<p class=\"soft\">{} of {} grids; all are in samples/.</p>\n", report.samples.size(),
                        report.sample_files);
  html += "<div class=\"grids\">\n";
  for (const SamplePicture& picture : report.samples)
    html += fmt::format(
        "<figure><img src=\"data:image/png;base64,{}\" alt=\"samples, "
        "{}\"><figcaption>{}</figcaption></figure>\n",
        base64(std::as_bytes(std::span(picture.png))), xml_escaped(picture.caption),
        xml_escaped(picture.caption));
  return html + "</div>\n";
}

std::string network_section(const Network& network) {
  std::vector<std::vector<std::string>> rows;
  std::uint64_t multiply_adds = 0;
  for (const LayerSummary& layer : summarise_layers(network)) {
    rows.push_back({layer.name, layer.mask, layer.kernel,
                    fmt::format("{}×{}×{}", layer.output.c, layer.output.h, layer.output.w),
                    grouped(layer.parameters), grouped(layer.live_parameters), grouped(layer.multiply_adds)});
    multiply_adds += layer.multiply_adds;
  }
  const std::string text = network_table(network);
  const std::string words = text.substr(text.rfind("receptive field"));
  return "<h2>Network</h2>\n" +
         table({"layer", "mask", "kernel", "output", "parameters", "live", "multiply-adds"}, rows,
               {"total", "", "", "", grouped(network.parameter_count()),
                grouped(network.live_parameter_count()), grouped(multiply_adds)}) +
         "<p class=\"soft\">" + xml_escaped(words.substr(0, words.size() - 1)) + "</p>\n";
}

std::string machine(const Report& report) {
  const Backend here = backend();
  std::string html = "<h2>Machine</h2>\n<dl class=\"facts\">\n";
  html +=
      fact("processor", fmt::format("{}, {} cores", processor_name(), std::thread::hardware_concurrency()));
  html += fact("threads", std::to_string(report.threads));
  html += fact("instructions", here.instruction_set);
  html += fact("precision", report.precision);
  html += fact("software", fmt::format("pcnn {}, {} ({})", version(), here.library, here.runtime));
  return html + "</dl>\n";
}

// Line by line: escaping turns line ends into spaces.
std::string config(const std::string& yaml) {
  std::string html = "<h2>Config</h2>\n<details><summary>Every key in effect</summary>\n<pre>";
  for (std::size_t begin = 0; begin < yaml.size();) {
    const std::size_t end = std::min(yaml.find('\n', begin), yaml.size());
    html += xml_escaped(std::string_view(yaml).substr(begin, end - begin)) + "\n";
    begin = end + 1;
  }
  return html + "</pre></details>\n";
}

}  // namespace

std::string report_html(const Report& report, const Network& network) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n"
      "<h1>{0}<span class=\"state\">{2}</span></h1>\n<p class=\"soft\">{3}</p>\n",
      xml_escaped(report.name), kStyle, xml_escaped(report.state), xml_escaped(report.coding));
  if (!report.reason.empty()) html += "<p class=\"soft\">" + xml_escaped(report.reason) + "</p>\n";
  if (!report.note.empty()) html += "<p><strong>Note:</strong> " + xml_escaped(report.note) + "</p>\n";
  html += figures(report) + curves(report) + scores(report) + samples(report) + network_section(network) +
          machine(report) + config(report.config_yaml);
  return html + "</body>\n</html>\n";
}

}  // namespace pcnn
