// Scores the images it draws from a trained model: draws_digits MODEL COUNT SEED

#include <pcnn/pcnn.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  try {
    const pcnn::api::Model model(argv[1]);
    const pcnn::api::Drawn drawn =
        model.sample({.count = std::atoi(argv[2]), .seed = std::strtoull(argv[3], nullptr, 10)});
    for (const double nats : model.nats({drawn.levels})) std::printf("%.6f\n", nats);
    std::FILE* file = std::fopen("levels.u16", "wb");
    std::fwrite(drawn.levels.data(), sizeof(pcnn::api::Level), drawn.levels.size(), file);
    std::fclose(file);
  } catch (const std::runtime_error& error) {
    std::fprintf(stderr, "draws_digits: %s\n", error.what());
    return 2;
  }
}
