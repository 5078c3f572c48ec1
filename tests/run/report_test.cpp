// The page of a run: what is in it, and how a browser takes it.

#include "engine/run/report.h"

#include <algorithm>
#include <string>

#include "engine/model/network_builder.h"
#include "tests/run/program.h"
#include "tests/run/tiny_run.h"
#include "tests/support/shell.h"

namespace pcnn {
namespace {

namespace fs = std::filesystem;

class RunReport : public TinyRun {
 protected:
  [[nodiscard]] std::string page(const std::string& name = "tiny") const {
    return slurp(directory(name) + "/report.html");
  }
  [[nodiscard]] static std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
  }
};

TEST_F(RunReport, ShowsTheWholeRun) {
  run({.config = config()});
  const std::string html = page();
  for (const char* part :
       {"<title>tiny</title>", ">completed<", "train.epochs=3 is reached", "threshold: value / 255", "<svg",
        ">validation<", "Final scores", "test split, 9 images", "blocks.0.spatial", "receptive field",
        "oneDNN", ">f32<", "optimiser: adam", "images/s", "test, nats/dim", ">train, inside epochs<",
        "Every window of steps"})
    EXPECT_NE(html.find(part), std::string::npos) << part;
  EXPECT_EQ(occurrences(html, "<img src=\"data:image/png;base64,iVBOR"), 3u) << "a grid per epoch";
}

TEST_F(RunReport, NeedsNothingElse) {
  run({.config = config()});
  const std::string html = page();
  EXPECT_EQ(occurrences(html, " src=\""), occurrences(html, " src=\"data:"));
  EXPECT_EQ(occurrences(html, " href=\""), occurrences(html, " href=\"data:"));
  for (const char* outside : {"<script", "@import", "url(", "https:"})
    EXPECT_EQ(html.find(outside), std::string::npos) << outside;
  EXPECT_EQ(occurrences(html, "http:"), occurrences(html, "xmlns=\"http://www.w3.org/2000/svg\""));
}

TEST_F(RunReport, EscapesWhatUsersWrite) {
  run({.config = config(), .overrides = {"name=\"<b>&'\\\"\"", "train.epochs=1"}});
  const std::string html = page("<b>&'\"");
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  EXPECT_NE(html.find("<title>&lt;b&gt;&amp;'&quot;</title>"), std::string::npos);
}

TEST_F(RunReport, IsWrittenAnewByAResumedRun) {
  run({.config = config(), .overrides = {"train.epochs=2"}});
  EXPECT_EQ(occurrences(page(), "<img "), 2u);
  run({.resume = directory(), .overrides = {"train.epochs=4"}});
  EXPECT_EQ(occurrences(page(), "<img "), 4u);
  EXPECT_NE(page().find("of 4<"), std::string::npos);
}

TEST_F(RunReport, OfAnInterruptedRunSaysSo) {
  const int status = run_program("pcnn-run", {config(), "train.epochs=100000", "sample.every_epochs=1000"},
                                 {}, SIGINT, std::chrono::milliseconds(1500));
  ASSERT_EQ(WEXITSTATUS(status), 130);
  EXPECT_NE(page().find(">interrupted<"), std::string::npos);
  EXPECT_NE(page().find("interrupted by SIGINT; step "), std::string::npos);
  EXPECT_NE(page().find("samples, step "), std::string::npos);
}

TEST_F(RunReport, ShowsSomeOfManyGrids) {
  run({.config = config(), .overrides = {"train.epochs=30"}});
  EXPECT_EQ(occurrences(page(), "<img "), 9u);
  EXPECT_NE(page().find("9 of 30 grids"), std::string::npos);
  EXPECT_NE(page().find("alt=\"samples, epoch 1\""), std::string::npos);
  EXPECT_NE(page().find("alt=\"samples, epoch 30\""), std::string::npos);
}

TEST_F(RunReport, ThatCannotBeWrittenEndsNoRun) {
  run({.config = config(), .overrides = {"train.epochs=1"}});
  fs::remove(directory() + "/report.html");
  fs::create_directory(directory() + "/report.html");  // nothing can be renamed over it
  EXPECT_EQ(message_of({.resume = directory(), .overrides = {"train.epochs=2"}}), "");
  EXPECT_NE(slurp(directory() + "/log.txt").find("report.html: cannot be written: "), std::string::npos);
}

// Looks at the page at a phone's width in a frame, and says what it sees in its own text.
constexpr const char* kLook =
    R"(<!DOCTYPE html><body><iframe src="report.html" style="width:360px;height:800px;border:0"></iframe>
<script>
onload = () => {
  const page = document.querySelector('iframe').contentDocument;
  const images = [...page.images];
  page.querySelectorAll('details').forEach(details => details.open = true);
  const root = page.documentElement;
  document.body.textContent = 'overflow=' + (root.scrollWidth - root.clientWidth) +
    ' ground=' + getComputedStyle(page.body).backgroundColor.replaceAll(' ', '') +
    ' images=' + images.filter(image => image.naturalWidth > 0).length + '/' + images.length + ' end';
};
</script>)";

TEST_F(RunReport, IsReadableInABrowserOnAPhoneAndInTheDark) {
  if (std::system("command -v chromium >/dev/null 2>&1") != 0) GTEST_SKIP() << "no chromium here";
  run({.config = config()});
  std::ofstream(directory() + "/look.html") << kLook;
  const auto look = [&](const std::string& more) {
    const std::string command =
        "chromium --headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
        "--disable-background-networking "
        "--disable-component-update --disable-sync --allow-file-access-from-files --virtual-time-budget=5000 "
        "--enable-logging=stderr --user-data-dir='" +
        root_ + "/profile' " + more + " --dump-dom 'file://" + directory() + "/look.html' 2>'" + root_ +
        "/errors.txt'";
    const std::string text = testing::shell(command).output;
    EXPECT_EQ(slurp(root_ + "/errors.txt").find("CONSOLE"), std::string::npos)
        << slurp(root_ + "/errors.txt");
    return text;
  };
  const std::string light = look("--blink-settings=preferredColorScheme=1"),
                    dark = look("--blink-settings=preferredColorScheme=0");
  EXPECT_NE(light.find("overflow=0 "), std::string::npos) << light;
  EXPECT_NE(light.find("images=3/3 end"), std::string::npos) << light;
  EXPECT_NE(light.find("ground=rgb(255,255,255)"), std::string::npos) << light;
  EXPECT_NE(dark.find("ground=rgb(20,23,26)"), std::string::npos) << dark;
}

}  // namespace
}  // namespace pcnn
