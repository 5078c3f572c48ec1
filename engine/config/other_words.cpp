#include "engine/config/other_words.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "engine/config/nearest.h"

namespace pcnn::config_detail {
namespace {

struct Word {
  std::string_view theirs;
  std::array<std::string_view, 2> ours;  // "" for none
};

// Of Keras, PyTorch, Lightning, Hydra, scikit-learn and papers, beside the American spellings.
constexpr std::array kWords = std::to_array<Word>({
    {"lr", {"learning_rate"}},
    {"alpha", {"learning_rate", "slope"}},
    {"dropout_rate", {"dropout"}},
    {"drop_rate", {"dropout"}},
    {"dropout_p", {"dropout"}},
    {"eta", {"learning_rate"}},
    {"step_size", {"every_steps", "learning_rate"}},
    {"base_lr", {"learning_rate"}},
    {"eps", {"epsilon"}},
    {"betas", {"beta1"}},
    {"beta_1", {"beta1"}},
    {"beta_2", {"beta2"}},
    {"wd", {"weight_decay"}},
    {"l2", {"weight_decay"}},
    {"optimizer", {"optimiser"}},
    {"optim", {"optimiser"}},
    {"scheduler", {"schedule"}},
    {"lr_scheduler", {"schedule"}},
    {"lr_schedule", {"schedule"}},
    {"warmup", {"warmup_steps"}},
    {"min_lr", {"final_fraction"}},
    {"eta_min", {"final_fraction"}},
    {"lr_decay", {"gamma", "schedule"}},
    {"decay_rate", {"gamma"}},
    {"epoch", {"epochs"}},
    {"num_epochs", {"epochs"}},
    {"n_epochs", {"epochs"}},
    {"nb_epoch", {"epochs"}},
    {"max_epochs", {"epochs"}},
    {"iterations", {"steps"}},
    {"num_steps", {"steps"}},
    {"max_steps", {"steps"}},
    {"max_time", {"seconds"}},
    {"bs", {"batch"}},
    {"batch_size", {"batch"}},
    {"batchsize", {"batch"}},
    {"minibatch", {"batch"}},
    {"gradient_clip_val", {"clip_norm"}},
    {"max_grad_norm", {"clip_norm"}},
    {"grad_clip", {"clip_norm"}},
    {"clipnorm", {"clip_norm"}},
    {"clipvalue", {"clip_value"}},
    {"ema", {"average"}},
    {"ema_decay", {"decay", "average"}},
    {"polyak", {"decay", "average"}},
    {"early_stop", {"patience", "early_stopping"}},
    {"save_every", {"checkpoint_every"}},
    {"random_seed", {"seed"}},
    {"random_state", {"seed"}},
    {"workers", {"threads"}},
    {"num_workers", {"threads"}},
    {"n_jobs", {"threads"}},
    {"num_threads", {"threads"}},
    {"dtype", {"precision"}},
    {"amp", {"precision"}},
    {"out_dir", {"output"}},
    {"output_dir", {"output"}},
    {"log_dir", {"output"}},
    {"experiment", {"name"}},
    {"run_name", {"name"}},
    {"n_samples", {"count"}},
    {"num_samples", {"count", "train_images"}},
    {"nrow", {"columns"}},
    {"temp", {"temperature"}},
    {"path", {"directory"}},
    {"root", {"directory"}},
    {"dir", {"directory"}},
    {"folder", {"directory"}},
    {"data_dir", {"directory"}},
    {"color", {"colour"}},
    {"colorize", {"colour"}},
    {"color_seed", {"colour_seed"}},
    {"binarization", {"binarisation"}},
    {"binarize", {"binarisation"}},
    {"binarization_seed", {"binarisation_seed"}},
    {"quantized", {"quantised"}},
    {"val_split", {"validation_images"}},
    {"validation_split", {"validation_images"}},
    {"val_images", {"validation_images"}},
    {"valid_images", {"validation_images"}},
    {"n_train", {"train_images"}},
    {"limit_train_batches", {"train_images"}},
    {"act", {"activation"}},
    {"nonlinearity", {"activation"}},
    {"negative_slope", {"slope"}},
    {"init", {"initialisation"}},
    {"initializer", {"initialisation"}},
    {"initialization", {"initialisation"}},
    {"kernel_initializer", {"initialisation"}},
    {"kernel_size", {"kernel"}},
    {"filter_size", {"kernel"}},
    {"channels", {"filters"}},
    {"hidden", {"filters"}},
    {"hidden_dim", {"filters"}},
    {"hidden_size", {"filters"}},
    {"n_filters", {"filters"}},
    {"num_filters", {"filters"}},
    {"nr_filters", {"filters"}},
    {"out_channels", {"filters"}},
    {"units", {"filters"}},
    {"width", {"filters"}},
    {"n_layers", {"repeat", "blocks"}},
    {"num_layers", {"repeat", "blocks"}},
    {"n_blocks", {"repeat", "blocks"}},
    {"num_blocks", {"repeat", "blocks"}},
    {"nr_resnet", {"repeat", "blocks"}},
    {"depth", {"repeat", "blocks"}},
    {"layers", {"blocks"}},
    {"bins", {"levels"}},
    {"classes", {"levels"}},
    {"num_classes", {"levels"}},
    {"n_classes", {"levels"}},
    {"n_bins", {"levels"}},
    {"color_levels", {"levels"}},
    {"num_mixtures", {"mixtures"}},
    {"n_mixtures", {"mixtures"}},
    {"nr_mix", {"mixtures"}},
    {"nr_logistic_mix", {"mixtures"}},
    {"loss", {"head"}},
    {"likelihood", {"head"}},
    {"distribution", {"head"}},
    {"n_trials", {"trials"}},
    {"num_trials", {"trials"}},
    {"direction", {"goal"}},
    {"pruner", {"early_stopping"}},
    {"params", {"parameters"}},
    // Of choices.
    {"cosine", {"warmup_cosine"}},
    {"cosine_annealing", {"warmup_cosine"}},
    {"steplr", {"step"}},
    {"multistep", {"step"}},
    {"none", {"constant"}},
    {"momentum", {"sgd"}},
    {"xavier", {"glorot_normal"}},
    {"xavier_normal", {"glorot_normal"}},
    {"xavier_uniform", {"glorot_uniform"}},
    {"kaiming", {"he_normal"}},
    {"kaiming_normal", {"he_normal"}},
    {"kaiming_uniform", {"he_uniform"}},
    {"categorical", {"softmax"}},
    {"cross_entropy", {"softmax"}},
    {"binary", {"bernoulli"}},
    {"bce", {"bernoulli"}},
    {"dmol", {"logistic_mixture"}},
    {"mol", {"logistic_mixture"}},
    {"discretized_logistic", {"logistic_mixture"}},
    {"resnet", {"residual"}},
    {"conv", {"masked_conv"}},
    {"static", {"bernoulli_fixed"}},
    {"stochastic", {"bernoulli_per_epoch"}},
    {"dynamic", {"bernoulli_per_epoch"}},
    {"float32", {"f32"}},
    {"fp32", {"f32"}},
    {"bfloat16", {"bf16"}},
    {"min", {"minimise"}},
    {"max", {"maximise"}},
    {"numpy", {"npy"}},
    {"imagefolder", {"png"}},
});

constexpr std::array kRemarks = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"batch_norm", "networks have no normalisation here"},
    {"batchnorm", "networks have no normalisation here"},
    {"layer_norm", "networks have no normalisation here"},
    {"weight_norm", "networks have no normalisation here"},
    {"device", "all runs on the CPU"},
    {"gpu", "all runs on the CPU"},
    {"gpus", "all runs on the CPU"},
    {"accelerator", "all runs on the CPU"},
    {"shuffle", "train images are shuffled in every epoch"},
});

}  // namespace

std::span<const std::string_view> our_words(std::string_view word) {
  const std::string theirs = folded(word);
  const auto found = std::ranges::find(kWords, theirs, &Word::theirs);
  if (found == kWords.end()) return {};
  return std::span(found->ours).first(found->ours[1].empty() ? 1 : 2);
}

std::string_view remark_on(std::string_view word) {
  const std::string theirs = folded(word);
  const auto found =
      std::ranges::find(kRemarks, theirs, &std::pair<std::string_view, std::string_view>::first);
  return found == kRemarks.end() ? "" : found->second;
}

}  // namespace pcnn::config_detail
