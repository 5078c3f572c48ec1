#pragma once

// The C++ interface of pcnn: trained models to score images with, to draw them from and to complete them, and
// training from a config. Needs nothing but the standard library; all else of pcnn is private to it.
//
// What goes wrong is thrown as std::runtime_error, whose message is the one line that pcnn's programs print:
// where, what was found, and what would be right. Every result has the bits that the programs give, on any
// number of threads.

#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#define PCNN_API_VERSION \
  1  // raised where a program written for this header would not compile or would not mean the same
#define PCNN_API __attribute__((visibility("default")))

namespace pcnn::api {

// "0.1.0"
PCNN_API const char* version();

// Of what this interface threw: whether it is a mistake in what was given (arguments, config, files), for
// which a program ends with exit code 2; false: a failure of pcnn's own, or of another library.
PCNN_API bool is_input_error(const std::exception& error);

// A value of a pixel's channel: below Model::levels(), 0 and 1 for binary images.
using Level = std::uint16_t;

struct ImageShape {
  int channels = 1;
  int height = 0;
  int width = 0;
  [[nodiscard]] std::size_t size() const {
    return static_cast<std::size_t>(channels) * static_cast<std::size_t>(height) *
           static_cast<std::size_t>(width);
  }
  friend bool operator==(const ImageShape&, const ImageShape&) = default;
};

// Images of one size, borrowed: [image][channel][row][column].
struct Images {
  std::span<const Level> levels{};
  int height = 0;  // 0: as trained
  int width = 0;
};

// What a model with a condition is told of each image, borrowed.
struct Told {
  std::span<const int> classes{};    // [image]
  std::span<const float> numbers{};  // [image][...], see Model::condition_shape()
};

struct Drawing {
  int count = 0;  // 0: 25, or of what is completed one each
  std::uint64_t seed = 1;
  double temperature = 1.0;  // 0 to 1000, see docs/sampling.md
  int height = 0;            // 0: as trained
  int width = 0;
  // Of each image. A model of classes that is told none draws all of them, shared out as pcnn-sample does:
  // over all images, or over the completions of each.
  Told told{};
  // Whether to return the probabilities that each value was drawn with.
  bool with_probabilities = false;
};

struct Drawn {
  std::vector<Level> levels;  // [image][channel][row][column]
  ImageShape shape;
  std::vector<float>
      probabilities;  // [image][channel][row][column], of a 1; or [...][level]; empty unless asked for
};

// A trained model, in memory. Its methods may be called from several threads at once: each works on all cores
// by itself, and the others wait.
class PCNN_API Model {
 public:
  // A run directory, whose best parameters are taken, or a checkpoint (.safetensors). threads: 1 to 1024; 0:
  // all cores. A model that was moved from may be assigned to or destroyed, and nothing else.
  explicit Model(const std::string& run_or_checkpoint, int threads = 0);
  ~Model();
  Model(Model&&) noexcept;
  Model& operator=(Model&&) noexcept;

  [[nodiscard]] const std::string& path() const;    // of the checkpoint
  [[nodiscard]] const std::string& config() const;  // of the run, YAML, every key of it
  [[nodiscard]] ImageShape shape() const;           // of the images it was trained on
  [[nodiscard]] int levels() const;
  // How many classes it knows; 0: it is told none.
  [[nodiscard]] int classes() const;
  // Of the numbers that it is told of an image: (numbers), or (maps, rows, columns); empty: none.
  [[nodiscard]] std::vector<int> condition_shape() const;

  struct Parameter {
    std::string name;
    std::vector<int> shape;         // OIHW for kernels
    std::span<const float> values;  // as long as the model lives
  };
  [[nodiscard]] std::vector<Parameter> parameters() const;
  // The network as JSON, which docs/interchange.md describes.
  [[nodiscard]] std::string graph() const;
  // (rows down, columns right) of the earlier pixels that a pixel's distribution can depend on.
  [[nodiscard]] std::vector<std::pair<int, int>> receptive_field() const;

  // Negative log-likelihood of each image in nats, summed over its dimensions. A model of classes that is
  // told none scores under all of them, each as likely beforehand: -log of the mean over classes of p(x |
  // class).
  [[nodiscard]] std::vector<double> nats(const Images& images, const Told& told = {}) const;
  // By pixel, summed over channels: [image][row][column]. A model with a condition has to be told it.
  [[nodiscard]] std::vector<float> pixel_nats(const Images& images, const Told& told = {}) const;
  // What the distributions are made of: [image][logit][row][column], see docs/models.md.
  [[nodiscard]] std::vector<float> logits(const Images& images, const Told& told = {}) const;
  [[nodiscard]] int logit_channels() const;

  [[nodiscard]] Drawn sample(const Drawing& drawing = {}) const;
  // The pixels that are known of each image are kept, the others are drawn: `drawing.count` completions of
  // each, one after the other. known: [image][row][column], 0 where a pixel is to be drawn. Told is of the
  // images.
  [[nodiscard]] Drawn complete(const Images& images, std::span<const std::uint8_t> known,
                               const Drawing& drawing = {}) const;

 private:
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

// After a step of training.
struct Step {
  std::int64_t step = 0;  // from 1
  std::int64_t epoch = 0;
  std::int64_t images = 0;          // seen so far
  double train_nats_per_dim = 0.0;  // mean of the epoch so far
  double images_per_second = 0.0;
  double learning_rate = 0.0;
};

// After an epoch.
struct Epoch {
  std::int64_t epoch = 0;
  std::int64_t step = 0;
  double train_nats_per_dim = 0.0;
  double validation_nats_per_dim = 0.0;
  double images_per_second = 0.0;
  double seconds = 0.0;  // spent in steps, ever
};

struct Training {
  std::string config{};                  // path of a YAML file; empty with `resume`
  std::string resume{};                  // run directory to go on with; empty for a new run
  std::vector<std::string> overrides{};  // key.path=value
  bool quiet = true;                     // warnings alone are printed
  // Called on the calling thread. Where one returns false, or throws, the run ends in order: its state is
  // saved, and it can be resumed; what was thrown comes out of train() then. Ctrl-C, SIGTERM and SIGHUP end
  // it the same way, in place of the process's own handlers; a second Ctrl-C or SIGTERM ends the process at
  // once.
  std::function<bool(const Step&)> on_step{};
  std::function<bool(const Epoch&)> on_epoch{};
};

struct Trained {
  std::string directory;   // of the run
  bool completed = false;  // false: it was stopped, and can be resumed
  int signal = 0;          // that stopped it; 0: a callback
  // Of the test split, with the best parameters; 0 where the run was stopped.
  double test_nats_per_dim = 0.0;
};

PCNN_API Trained train(const Training& training);

// The network of a config (a YAML file) as JSON, which docs/interchange.md describes. image: of which size;
// where it has no rows, that of the config's data set.
PCNN_API std::string network_graph(const std::string& config, const std::vector<std::string>& overrides = {},
                                   ImageShape image = {});

// A parameter from elsewhere, borrowed.
struct Array {
  std::string name;  // as in network_graph()
  std::vector<int> shape;
  std::span<const float> values;
};

struct Written {
  std::string path;  // of the checkpoint
  // Parameters, and how many of their weights behind the mask were not 0.
  std::vector<std::pair<std::string, std::int64_t>> zeroed;
};

// Writes a model that every program reads, from a config and the network's parameters, each once in any
// order; what the masks hide is set to 0. path: a checkpoint (.safetensors), or else a run directory to be
// made, with best.safetensors and config.yaml in it; neither may exist.
PCNN_API Written write_model(const std::string& path, const std::string& config,
                             const std::vector<std::string>& overrides, ImageShape image,
                             std::span<const Array> parameters);

}  // namespace pcnn::api
