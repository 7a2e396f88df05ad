COMMANDS = {
  "/quit" => :leave,
  "/who" => :list_users
}.freeze

def run_system_command(name)
  system("echo #{name}")
end
